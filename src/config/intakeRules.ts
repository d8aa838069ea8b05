import { z } from 'zod';
import { jsonFile } from './settingKinds.js';

/** What a rule can look at: of the study, and of any of its series. */
export type ArrivedStudy = {
  modalities: readonly string[];
  descriptions: readonly string[];
  bodyParts: readonly string[];
  stations: readonly string[];
  pacs: string | null;
};

/** `writeBack`: archives by name that get the results; none by default. */
export type IntakeRule = {
  name: string;
  classify: boolean;
  priority: 'STAT' | 'ROUTINE' | 'BACKLOG';
  writeBack: readonly string[];
  when: Partial<Record<keyof typeof LOOKED_AT, readonly string[]>>;
};

/** The rule that is for a study. `matches`: which of its conditions the study met by what, for people; empty: it has none. */
export type Ruling = { rule: IntakeRule; matches: string };

const LOOKED_AT = {
  modality: ({ modalities }: ArrivedStudy) => modalities,
  description: ({ descriptions }: ArrivedStudy) => descriptions,
  bodyPart: ({ bodyParts }: ArrivedStudy) => bodyParts,
  station: ({ stations }: ArrivedStudy) => stations,
  pacs: ({ pacs }: ArrivedStudy) => (pacs === null ? [] : [pacs]),
};

const patterns = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const ruleSchema = z.strictObject({
  name: z.string().min(1),
  when: z
    .strictObject({
      modality: patterns.exactOptional(),
      description: patterns.exactOptional(),
      bodyPart: patterns.exactOptional(),
      station: patterns.exactOptional(),
      pacs: patterns.exactOptional(),
    })
    .default({}),
  classify: z.boolean().default(true),
  priority: z.enum(['STAT', 'ROUTINE', 'BACKLOG']).default('ROUTINE'),
  writeBack: z.array(z.string()).default([]),
});

/** Without RULES_FILE: every study with MR series. Which of its series are fit is decided one by one, later. */
export const DEFAULT_RULES: readonly IntakeRule[] = [
  { name: 'MR studies', when: { modality: ['MR'] }, classify: true, priority: 'ROUTINE', writeBack: [] },
];

/** The file that RULES_FILE names. Whether the archives of `writeBack` are configured is not known here. */
export const rulesFile = (directory: string): z.ZodType<IntakeRule[], string> =>
  jsonFile(directory, 'See docs/auto-classification.md.', () => z.array(ruleSchema));

/** Rules whose results would go to an archive that is none of `archives`, the names of those that are configured. */
export function faultsOfTargets(rules: readonly IntakeRule[], archives: readonly string[]): string[] {
  return rules.flatMap(({ name, writeBack }) => {
    const unknown = writeBack.find((archive) => !archives.includes(archive));
    return unknown === undefined ? [] : [`RULES_FILE, rule "${name}": there is no archive "${unknown}".`];
  });
}

/** The first rule of which every condition is met by the study; of a condition one pattern by one value. null: none. */
export function ruleFor(rules: readonly IntakeRule[], arrived: ArrivedStudy): Ruling | null {
  for (const rule of rules) {
    const conditions = Object.entries(rule.when) as [keyof typeof LOOKED_AT, readonly string[]][];
    const met = conditions.map(([key, wanted]) => {
      const value = LOOKED_AT[key](arrived).find((one) => wanted.some((pattern) => matches(pattern, one)));
      return value === undefined ? null : `${key} "${value}"`;
    });
    if (met.every((one) => one !== null)) return { rule, matches: met.join(', ') };
  }
  return null;
}

/** As C-FIND matches (PS3.4 C.2.2.2.4): * and ?, here whatever the case. */
function matches(pattern: string, value: string): boolean {
  const escaped = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 'is').test(value);
}
