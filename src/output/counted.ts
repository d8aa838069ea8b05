/** A number with its noun: "1 file", "2 files", "0 studies". `many`: the plural, where it is not `one` with an s. */
export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count} ${Number(count) === 1 ? one : many}`;
}

/** The verb that goes with a number: "is" or "are". */
export function isOrAre(count: number): 'is' | 'are' {
  return count === 1 ? 'is' : 'are';
}
