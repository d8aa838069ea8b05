import { setTimeout as sleep } from 'node:timers/promises';

/** Who has a place. `left`: the patience that is left with it, see pace.ts; `end`: takes the place from it. */
export type Holder = { left(): number; end(): void };

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

const LOOK_AGAIN_MS = 50;

/**
 * Places for what many callers do at once, so that none keeps the others out: one caller gets no more than its part, and
 * where all are taken, whoever is too slow loses its own to the newcomer.
 */
export function createPlaces({ most, mostOfOne, waitMs }: PlaceLimits): Places {
  const held = new Map<Holder, string>();
  const waiting = new Map<string, number>();
  const heldBy = (who: string) => [...held].filter(([, one]) => one === who).length;
  const attempt = (who: string, holder: Holder): boolean => {
    const isFull = held.size >= most;
    const hasItsPart = heldBy(who) >= mostOfOne;
    if (isFull || hasItsPart) {
      const slow = [...held].filter(([one, its]) => (!hasItsPart || its === who) && one.left() <= 0);
      // Of the caller that holds most; of those the slowest.
      const [last] = slow.sort(([a, first], [b, second]) => heldBy(second) - heldBy(first) || a.left() - b.left());
      if (!last) return false;
      held.delete(last[0]);
      last[0].end();
    }
    held.set(holder, who);
    return true;
  };
  const take: Places['take'] = async (who, holder) => {
    const give = () => void held.delete(holder);
    if (attempt(who, holder)) return give;
    const others = waiting.get(who) ?? 0;
    if (others >= mostOfOne) return undefined; // those who wait cost something, too
    waiting.set(who, others + 1);
    try {
      for (const deadline = performance.now() + waitMs; performance.now() < deadline; ) {
        await sleep(LOOK_AGAIN_MS);
        if (attempt(who, holder)) return give;
      }
      return undefined;
    } finally {
      const left = (waiting.get(who) ?? 1) - 1;
      if (left > 0) waiting.set(who, left);
      else waiting.delete(who);
    }
  };
  return { size: () => held.size, take };
}
