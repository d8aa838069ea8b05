/**
 * Who has a place, or waits for one. `left`: the patience that is left with it, see pace.ts; `end`: takes the place from
 * it. `isReady`: whether it could go on at once; those who cannot wait behind all others.
 */
export type Holder = { left(): number; end(): void; isReady?(): boolean };

export type Places = {
  /** How many are taken. */
  size(): number;
  /**
   * @param who the same for all that one caller holds.
   * @returns what gives the place back; undefined where none became free in time.
   */
  take(who: string, holder: Holder): Promise<(() => void) | undefined>;
};

/** `mostOfOne`: of one caller. `waitMs`: how long a newcomer waits for a place. */
export type PlaceLimits = { most: number; mostOfOne: number; waitMs: number };

type Newcomer = { who: string; holder: Holder; until: number; answer(give: (() => void) | undefined): void };

const LOOK_AGAIN_MS = 25;
/** Who wait cost something, too: so many times as many as there are places. Who waits longest goes. */
const WAITING = 3;

/**
 * Places for what many callers do at once, so that none keeps the others out: one caller gets no more than its part, and
 * where all are taken, whoever is too slow loses its own to the newcomer.
 */
export function createPlaces({ most, mostOfOne, waitMs }: PlaceLimits): Places {
  const held = new Map<Holder, string>();
  let waiting: Newcomer[] = [];
  let isLooking = false;
  const heldBy = (who: string) => [...held.values()].filter((one) => one === who).length;

  /** Of those who are too slow, of the caller that holds most, the slowest. */
  const slowest = (of: (who: string) => boolean): Holder | undefined => {
    const slow = [...held].filter(([holder, who]) => of(who) && holder.left() <= 0);
    slow.sort(([a, first], [b, second]) => heldBy(second) - heldBy(first) || a.left() - b.left());
    return slow[0]?.[0];
  };
  const attempt = (who: string, holder: Holder): (() => void) | undefined => {
    const hasItsPart = heldBy(who) >= mostOfOne;
    if (hasItsPart || held.size >= most) {
      const loser = slowest((one) => !hasItsPart || one === who);
      if (!loser) return undefined;
      held.delete(loser);
      loser.end();
    }
    held.set(holder, who);
    return () => void held.delete(holder);
  };
  const isReady = ({ holder }: Newcomer) => holder.isReady?.() ?? true;
  const leave = (one: Newcomer, give?: () => void) => {
    waiting = waiting.filter((other) => other !== one);
    one.answer(give);
  };
  const lookSoon = () => {
    isLooking = waiting.length > 0;
    if (isLooking) setTimeout(look, LOOK_AGAIN_MS);
  };
  const look = () => {
    const now = performance.now();
    for (const one of [...waiting.filter(isReady), ...waiting.filter((other) => !isReady(other))]) {
      const give = attempt(one.who, one.holder);
      if (give || now >= one.until) leave(one, give);
    }
    lookSoon();
  };
  const take: Places['take'] = async (who, holder) => {
    const give = attempt(who, holder);
    if (give) return give;
    const own = waiting.filter((one) => one.who === who);
    const crowd = own.length >= WAITING * mostOfOne ? own : waiting.length >= WAITING * most ? waiting : [];
    const first = crowd.find((one) => !isReady(one)) ?? crowd[0];
    if (first) leave(first);
    return new Promise((answer) => {
      waiting.push({ who, holder, until: performance.now() + waitMs, answer });
      if (!isLooking) lookSoon();
    });
  };
  return { size: () => held.size, take };
}
