/**
 * A reason as its row stores it. `parameters`: texts and numbers that its words need, by name. A row that is older than
 * the codes has the code WORDED, and its sentence as the parameter `text`.
 */
export type StoredReason<Code extends string> = { code: Code | null; parameters: unknown };

/** @returns the parameters of a stored reason as texts, by name. */
export function readParameters(parameters: unknown): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(parameters ?? {}).map(([name, value]) => [name, String(value)]));
}
