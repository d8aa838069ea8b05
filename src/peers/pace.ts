/** How fast a peer must send on average, and how many milliseconds it may be behind. */
export type PaceLimits = { bytesPerSecond: number; graceMs: number };

/** Measures whether a peer sends fast enough. */
export type Pace = {
  /** We wait for the peer from now on. Time in which we do not wait does not count. */
  wait(): void;
  /** Bytes have come from the peer; we do not wait any more. */
  came(bytes: number): void;
  /** Milliseconds that we may go on waiting; 0 or less: the peer is too slow. */
  left(): number;
};

/** Each byte buys the peer time, and waiting uses it up. `now`: milliseconds of a clock that nobody sets. */
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

/** A slower peer is cut off. The slowest line to a hospital is faster than this. */
export const SLOWEST: PaceLimits = { bytesPerSecond: 1024, graceMs: 10_000 };
/** A slower peer loses its place when others wait for one. */
export const SLOWEST_OF_MANY: PaceLimits = { bytesPerSecond: 32 * 1024, graceMs: 500 };
