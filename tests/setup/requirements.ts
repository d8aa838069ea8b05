/**
 * Whether the tests of a part that not every machine has can run. Absent, they are skipped and say why; with
 * REQUIRE_ALL=1, as in CI, absence is a failure, so that nothing goes untested unnoticed.
 */
export function requirePart(name: string, present: boolean, reason: string): boolean {
  if (present) return true;
  if (process.env.REQUIRE_ALL === '1') throw new Error(`${name} is required by REQUIRE_ALL=1: ${reason}`);
  console.warn(`Skipped: tests of ${name}. ${reason}`);
  return false;
}
