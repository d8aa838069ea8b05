/**
 * A peer that has a place, or waits for one. `left`: how long we may go on waiting for it (pace.ts). `end`: takes its
 * place from it. `isReady`: whether it could use a place at once; peers that could not wait behind all others.
 */
export type Holder = { left(): number; end(): void; isReady?(): boolean };

/** Places for work that many callers do at the same time. */
export type Places = {
  /** How many places are taken. */
  size(): number;
  /**
   * @param who the caller, who may hold several places.
   * @returns a function that gives the place back; undefined where none became free in time.
   */
  take(who: string, holder: Holder): Promise<(() => void) | undefined>;
};

/** `most`: places in all. `mostOfOne`: places of one caller. `waitMs`: how long a newcomer waits for a place. */
export type PlaceLimits = { most: number; mostOfOne: number; waitMs: number };

type Newcomer = { who: string; holder: Holder; until: number; resolve(giveBack: (() => void) | undefined): void };

const RETRY_MS = 25;
/** How many may wait, as a multiple of the places. Beyond that the one that has waited longest is turned away. */
const WAITING = 3;

/**
 * Makes places such that no caller keeps the others out: one caller gets no more than its part, and when all are taken,
 * a holder that is too slow loses its place to a newcomer.
 */
export function createPlaces({ most, mostOfOne, waitMs }: PlaceLimits): Places {
  const held = new Map<Holder, string>();
  let waiting: Newcomer[] = [];
  let isRetrying = false;
  const heldBy = (who: string) => [...held.values()].filter((caller) => caller === who).length;

  /** The slowest of the holders that are too slow, of the caller that has most places. */
  const slowest = (of: (who: string) => boolean): Holder | undefined => {
    const slow = [...held].filter(([holder, who]) => of(who) && holder.left() <= 0);
    slow.sort(([a, first], [b, second]) => heldBy(second) - heldBy(first) || a.left() - b.left());
    return slow[0]?.[0];
  };
  const attempt = (who: string, holder: Holder): (() => void) | undefined => {
    const hasItsPart = heldBy(who) >= mostOfOne;
    if (hasItsPart || held.size >= most) {
      const loser = slowest((caller) => !hasItsPart || caller === who);
      if (!loser) return undefined;
      held.delete(loser);
      loser.end();
    }
    held.set(holder, who);
    return () => void held.delete(holder);
  };
  const isReady = ({ holder }: Newcomer) => holder.isReady?.() ?? true;
  const dismiss = (newcomer: Newcomer, giveBack?: () => void) => {
    waiting = waiting.filter((other) => other !== newcomer);
    newcomer.resolve(giveBack);
  };
  const retrySoon = () => {
    isRetrying = waiting.length > 0;
    if (isRetrying) setTimeout(retry, RETRY_MS);
  };
  const retry = () => {
    const now = performance.now();
    for (const newcomer of [...waiting.filter(isReady), ...waiting.filter((other) => !isReady(other))]) {
      const giveBack = attempt(newcomer.who, newcomer.holder);
      if (giveBack || now >= newcomer.until) dismiss(newcomer, giveBack);
    }
    retrySoon();
  };
  const take: Places['take'] = async (who, holder) => {
    const giveBack = attempt(who, holder);
    if (giveBack) return giveBack;
    const own = waiting.filter((newcomer) => newcomer.who === who);
    const crowd = own.length >= WAITING * mostOfOne ? own : waiting.length >= WAITING * most ? waiting : [];
    const first = crowd.find((newcomer) => !isReady(newcomer)) ?? crowd[0];
    if (first) dismiss(first);
    return new Promise((resolve) => {
      waiting.push({ who, holder, until: performance.now() + waitMs, resolve });
      if (!isRetrying) retrySoon();
    });
  };
  return { size: () => held.size, take };
}
