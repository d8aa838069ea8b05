import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a rule can look at: of the study, and of any of its series. */
export type Arrived = {
  modalities: readonly string[];
  descriptions: readonly string[];
  bodyParts: readonly string[];
  stations: readonly string[];
  pacs: string | null;
};

/** `writeBack`: archives by name that get the results; none by default. */
export type Rule = {
  name: string;
  classify: boolean;
  priority: 'STAT' | 'ROUTINE' | 'BACKLOG';
  writeBack: readonly string[];
  when: Partial<Record<keyof typeof LOOKED_AT, readonly string[]>>;
};

/** The rule that is for a study. `matches`: which of its conditions the study met by what, for people; empty: it has none. */
export type Ruling = { rule: Rule; matches: string };

const LOOKED_AT = {
  modality: ({ modalities }: Arrived) => modalities,
  description: ({ descriptions }: Arrived) => descriptions,
  bodyPart: ({ bodyParts }: Arrived) => bodyParts,
  station: ({ stations }: Arrived) => stations,
  pacs: ({ pacs }: Arrived) => (pacs === null ? [] : [pacs]),
};

const patterns = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const ruleSchema = z.strictObject({
  name: z.string().min(1),
  when: z
    .strictObject({ modality: patterns, description: patterns, bodyPart: patterns, station: patterns, pacs: patterns })
    .partial()
    .default({}),
  classify: z.boolean().default(true),
  priority: z.enum(['STAT', 'ROUTINE', 'BACKLOG']).default('ROUTINE'),
  writeBack: z.array(z.string()).default([]),
});

/** Without RULES_FILE: every study with MR series. Which of its series are fit is decided one by one, later. */
export const DEFAULT_RULES: readonly Rule[] = [
  { name: 'MR studies', when: { modality: ['MR'] }, classify: true, priority: 'ROUTINE', writeBack: [] },
];

/** The rules of a JSON file; what is wrong with it goes to `problems`. */
export function readRules(path: string, archives: readonly string[], problems: string[]): readonly Rule[] {
  try {
    const rules = z.array(ruleSchema).parse(JSON.parse(readFileSync(path, 'utf8')));
    for (const { name, writeBack } of rules) {
      const unknown = writeBack.find((archive) => !archives.includes(archive));
      if (unknown) problems.push(`RULES_FILE, rule "${name}": there is no archive "${unknown}".`);
    }
    return rules as Rule[];
  } catch (error) {
    if (error instanceof z.ZodError) {
      for (const { path: at, message } of error.issues)
        problems.push(`RULES_FILE, ${at.join('.') || 'the whole'}: ${message}.`);
    } else if (error instanceof SyntaxError)
      problems.push(`RULES_FILE is no JSON: ${path}. Look for a missing comma or quote.`);
    else problems.push(`RULES_FILE cannot be read: ${path} (${(error as NodeJS.ErrnoException).code}).`);
    return [];
  }
}

/** The first rule of which every condition is met by the study; of a condition one pattern by one value. null: none. */
export function ruleFor(rules: readonly Rule[], arrived: Arrived): Ruling | null {
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
