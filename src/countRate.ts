const WINDOW_MS = 60_000;

/**
 * Counts what each caller asks for.
 * @returns whether one more is within `max` a minute.
 */
export function countRate(max: number): (subject: string) => boolean {
  let counts = new Map<string, number>();
  let began = performance.now();
  return (subject) => {
    if (performance.now() - began >= WINDOW_MS) [counts, began] = [new Map(), performance.now()];
    const count = (counts.get(subject) ?? 0) + 1;
    counts.set(subject, count);
    return count <= max;
  };
}
