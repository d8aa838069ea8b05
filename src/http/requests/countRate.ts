const WINDOW_MS = 60_000;

/**
 * Counts what each caller asks for in a minute, by a clock that nobody sets.
 * @returns how many that are, this one included, and when counting begins anew.
 */
export function countRate(now = () => performance.now()): (subject: string) => { count: number; leftMs: number } {
  const counts = new Map<string, { count: number; began: number }>();
  let cleared = now();
  return (subject) => {
    const at = now();
    if (at - cleared >= WINDOW_MS) {
      for (const [one, { began }] of counts) if (at - began >= WINDOW_MS) counts.delete(one);
      cleared = at;
    }
    const known = counts.get(subject);
    const counted = known && at - known.began < WINDOW_MS ? known : { count: 0, began: at };
    counted.count++;
    counts.set(subject, counted);
    return { count: counted.count, leftMs: WINDOW_MS - (at - counted.began) };
  };
}
