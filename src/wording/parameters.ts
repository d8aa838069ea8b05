/**
 * A reason as its row has it. `parameters`: what its words need, by name, each a text or a number. The code WORDED
 * stands for the sentence of a row that is older than the codes; `text` holds it.
 */
export type StoredReason<Code extends string> = { code: Code | null; parameters: unknown };

/** The parameters of a stored reason as texts, by name. */
export function readParameters(parameters: unknown): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(parameters ?? {}).map(([name, value]) => [name, String(value)]));
}
