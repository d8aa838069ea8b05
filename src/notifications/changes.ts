/** A study or job that changed. It holds ids alone, which is all that PostgreSQL carries between processes. */
export type Change = { kind: 'STUDY'; id: string; studyInstanceUid: string } | { kind: 'JOB'; id: string };

/** Pause between two changes of one study or job that followers get. They always get the last one. */
const PAUSE_MS = 200;
/** How many unread changes are kept for a follower. Beyond that the oldest are dropped. */
const MOST_WAITING = 1000;

/** The changes that one follower gets. */
export type Followed = AsyncIterableIterator<Change> & {
  return(): Promise<IteratorResult<Change>>;
  /** Adds a change for this follower alone. */
  put(change: Change): void;
};

/** Passes changes on from whoever publishes them to all who follow them. */
export type ChangeHub = {
  publish(change: Change): void;
  /**
   * Follows the changes that `wanted` accepts, from now on, until `return` is called or the hub is closed. Of several
   * unread changes with one id only one is kept: the follower reads the latest state, not those between.
   */
  follow(wanted: (change: Change) => boolean): Followed;
  close(): void;
};

/** Makes a hub without followers. */
export function createChangeHub(): ChangeHub {
  const followers = new Set<Followed>();
  /** By id: the timer of the pause after a change was passed on, and whether there was another one meanwhile. */
  const pauses = new Map<string, { timer: NodeJS.Timeout; again: boolean }>();
  const passOn = (change: Change) => {
    for (const follower of followers) follower.put(change);
    const timer = setTimeout(() => {
      const again = pauses.get(change.id)?.again;
      pauses.delete(change.id);
      if (again) passOn(change);
    }, PAUSE_MS);
    pauses.set(change.id, { timer, again: false });
  };
  return {
    publish: (change) => {
      if (followers.size === 0) return;
      const pause = pauses.get(change.id);
      if (pause) pause.again = true;
      else passOn(change);
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

/** This is no generator: its `return` would have to wait for the next value, too. */
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
