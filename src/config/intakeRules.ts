import { z } from 'zod';
import { jsonFile } from './settingKinds.js';

/** What the conditions of a rule are compared with: values of the study, and of any of its series. */
export type ArrivedStudy = {
  modalities: readonly string[];
  descriptions: readonly string[];
  bodyParts: readonly string[];
  stations: readonly string[];
  pacs: string | null;
};

/**
 * Decides on arriving studies. `when`: its conditions, each a list of patterns. `writeBack`: names of the archives that
 * get the results.
 */
export type IntakeRule = {
  name: string;
  classify: boolean;
  priority: 'STAT' | 'ROUTINE' | 'BACKLOG';
  writeBack: readonly string[];
  when: Partial<Record<keyof typeof VALUES_OF, readonly string[]>>;
};

/**
 * The rule that decided on a study. `matches`: the values that met its conditions, for people; empty where it has none.
 */
export type Ruling = { rule: IntakeRule; matches: string };

const VALUES_OF = {
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

/** The rules without RULES_FILE: every study with MR series. Its series are chosen later. */
export const DEFAULT_RULES: readonly IntakeRule[] = [
  { name: 'MR studies', when: { modality: ['MR'] }, classify: true, priority: 'ROUTINE', writeBack: [] },
];

/** Schema of the file that RULES_FILE names. It does not check that the archives of `writeBack` are configured. */
export const rulesFile = (directory: string): z.ZodType<IntakeRule[], string> =>
  jsonFile(directory, 'See docs/auto-classification.md.', () => z.array(ruleSchema));

/** Says which rules write back to an archive that is not configured. `archives`: names of those that are. */
export function faultsOfTargets(rules: readonly IntakeRule[], archives: readonly string[]): string[] {
  return rules.flatMap(({ name, writeBack }) => {
    const unknown = writeBack.find((archive) => !archives.includes(archive));
    return unknown === undefined ? [] : [`RULES_FILE, rule "${name}": there is no archive "${unknown}".`];
  });
}

/**
 * Finds the first rule whose conditions the study meets; null where there is none. A condition is met when one of its
 * patterns matches one of the study's values.
 */
export function ruleFor(rules: readonly IntakeRule[], arrived: ArrivedStudy): Ruling | null {
  for (const rule of rules) {
    const conditions = Object.entries(rule.when) as [keyof typeof VALUES_OF, readonly string[]][];
    const met = conditions.map(([key, wanted]) => {
      const value = VALUES_OF[key](arrived).find((candidate) => wanted.some((pattern) => matches(pattern, candidate)));
      return value === undefined ? null : `${key} "${value}"`;
    });
    if (met.every((value) => value !== null)) return { rule, matches: met.join(', ') };
  }
  return null;
}

/** Matches * and ? as C-FIND does (PS3.4 C.2.2.2.4), in upper and lower case alike. */
function matches(pattern: string, value: string): boolean {
  const escaped = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 'is').test(value);
}
