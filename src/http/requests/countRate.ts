const WINDOW_MS = 60_000;

/**
 * Counts the requests of each caller within a minute, by a monotonic clock.
 * @param now milliseconds.
 * @returns the number so far, with this request, and the milliseconds until counting begins anew.
 */
export function countRate(now = () => performance.now()): (subject: string) => { count: number; leftMs: number } {
  const counts = new Map<string, { count: number; began: number }>();
  let cleared = now();
  return (subject) => {
    const at = now();
    if (at - cleared >= WINDOW_MS) {
      for (const [name, { began }] of counts) if (at - began >= WINDOW_MS) counts.delete(name);
      cleared = at;
    }
    const known = counts.get(subject);
    const counted = known && at - known.began < WINDOW_MS ? known : { count: 0, began: at };
    counted.count++;
    counts.set(subject, counted);
    return { count: counted.count, leftMs: WINDOW_MS - (at - counted.began) };
  };
}
