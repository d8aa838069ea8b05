/** What changed; no more than ids, which is all that PostgreSQL carries between processes. */
export type Change = { kind: 'STUDY'; id: string; studyInstanceUid: string } | { kind: 'JOB'; id: string };

/** A study or job is told of at most five times a second, and always of its last change. */
const APART_MS = 200;
/** Studies and jobs that a subscriber who does not read may be behind with; beyond, the oldest are forgotten. */
const MOST_WAITING = 1000;

export type Followed = AsyncIterableIterator<Change> & {
  return(): Promise<IteratorResult<Change>>;
  /** For this follower alone. */
  put(change: Change): void;
};

/** Passes changes on, from one who learns of them to many who follow them. */
export type ChangeHub = {
  publish(change: Change): void;
  /**
   * Those that `wanted` is true of, from now on, until `return` is called or all is closed. What a slow reader has not
   * fetched yet is kept once for each id: it reads the latest state, not every state between.
   */
  follow(wanted: (change: Change) => boolean): Followed;
  close(): void;
};

export function createChangeHub(): ChangeHub {
  const followers = new Set<Followed>();
  /** By id: the timer of the pause after it was told of, and whether it changed meanwhile. */
  const pauses = new Map<string, { timer: NodeJS.Timeout; again: boolean }>();
  const tell = (change: Change) => {
    for (const follower of followers) follower.put(change);
    const timer = setTimeout(() => {
      const again = pauses.get(change.id)?.again;
      pauses.delete(change.id);
      if (again) tell(change);
    }, APART_MS);
    pauses.set(change.id, { timer, again: false });
  };
  return {
    publish: (change) => {
      if (followers.size === 0) return;
      const pause = pauses.get(change.id);
      if (pause) pause.again = true;
      else tell(change);
    },
    follow: (wanted) => {
      const follower = createFollower(wanted, () => followers.delete(follower));
      followers.add(follower);
      return follower;
    },
    close: () => {
      for (const { timer } of pauses.values()) clearTimeout(timer);
      pauses.clear();
      for (const follower of followers) void follower.return();
    },
  };
}

/** No generator: `return` of one that waits for its next value would wait, too. */
function createFollower(wanted: (change: Change) => boolean, leave: () => void): Followed {
  const waiting = new Map<string, Change>();
  const end = { done: true, value: undefined } as const;
  let reader: ((result: IteratorResult<Change>) => void) | undefined;
  let ended = false;
  const hand = (result: IteratorResult<Change>) => {
    reader?.(result);
    reader = undefined;
  };
  const follower: Followed = {
    [Symbol.asyncIterator]: () => follower,
    next: () => {
      const [next] = waiting.values();
      if (next) waiting.delete(next.id);
      if (next) return Promise.resolve({ done: false, value: next });
      if (ended) return Promise.resolve(end);
      return new Promise((resolve) => {
        reader = resolve;
      });
    },
    return: () => {
      ended = true;
      waiting.clear();
      leave();
      hand(end);
      return Promise.resolve(end);
    },
    put: (change) => {
      if (ended || !wanted(change)) return;
      if (reader) return hand({ done: false, value: change });
      const [oldest] = waiting.keys();
      if (waiting.size >= MOST_WAITING && !waiting.has(change.id) && oldest !== undefined) waiting.delete(oldest);
      waiting.set(change.id, change);
    },
  };
  return follower;
}
