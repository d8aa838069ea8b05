import type { Context } from './context.js';

const BETWEEN_LOOKS_MS = 1500;

/** How long before the quiet time ends the archive is asked for the first time, so that the second look is at its end. */
export function firstLookMs(quietMs: number): number {
  return Math.min(BETWEEN_LOOKS_MS, quietMs / 2);
}

/** When a study whose last instance has just come is looked at, and when it is classified at the latest. */
export type SettleTimes = { lastInstanceAt: Date; settleAt: Date; settleBy: Date };

/** Counted from now. */
export function settleTimes({ config }: Context): SettleTimes {
  const lastInstanceAt = new Date();
  const later = (ms: number) => new Date(lastInstanceAt.getTime() + ms);
  const { quietMs, deadlineMs } = config.arrivals;
  return { lastInstanceAt, settleAt: later(quietMs - firstLookMs(quietMs)), settleBy: later(deadlineMs) };
}
