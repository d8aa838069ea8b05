/** How fast a peer must send, on average, and how much time it may lose at most before it makes good for it. */
export type PaceLimits = { bytesPerSecond: number; graceMs: number };

export type Pace = {
  /** From now on we wait for the peer. What we take for ourselves is not its fault. */
  wait(): void;
  came(bytes: number): void;
  /** ms for which we may go on waiting; 0 or less: it is too slow. */
  left(): number;
};

/** Bytes give patience, waiting takes it. By a clock that nobody sets. */
export function createPace({ bytesPerSecond, graceMs }: PaceLimits, now = () => performance.now()): Pace {
  let credit = graceMs;
  let since: number | undefined;
  const left = () => credit - (since === undefined ? 0 : now() - since);
  return {
    wait: () => {
      since ??= now();
    },
    came: (bytes) => {
      credit = Math.min(graceMs, Math.max(0, left()) + (bytes / bytesPerSecond) * 1000);
      since = undefined;
    },
    left,
  };
}

/** Whoever is slower than this is cut off: less than the slowest line to a hospital. */
export const SLOWEST: PaceLimits = { bytesPerSecond: 1024, graceMs: 10_000 };
/** Whoever is slower than this makes room where others wait for a place. */
export const SLOWEST_OF_MANY: PaceLimits = { bytesPerSecond: 32 * 1024, graceMs: 500 };
