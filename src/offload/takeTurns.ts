/** `most`: number of calls that may wait. `mostOfOne`: number of one caller's calls that may wait. */
export type TurnLimits = { most: number; mostOfOne: number };

/**
 * Makes a function that runs one call at a time. Callers take turns, so that nobody waits for more than one call of another.
 * It returns undefined, without having called, where too many calls wait.
 */
export function createTurns({ most, mostOfOne }: TurnLimits) {
  /** Calls that wait, by caller; the caller whose turn is next comes first. */
  const waiting = new Map<string, (() => void)[]>();
  let count = 0;
  let busy = false;
  let last = '';
  const next = () => {
    const who = [...waiting.keys()].find((one) => one !== last) ?? last;
    const own = waiting.get(who) ?? [];
    const start = own.shift();
    waiting.delete(who);
    if (own.length > 0) waiting.set(who, own); // behind all others
    last = who;
    if (!start) {
      busy = false;
      return;
    }
    count--;
    start();
  };
  return <Result>(who: string, call: () => Promise<Result>): Promise<Result> | undefined => {
    const own = waiting.get(who) ?? [];
    if (busy && (count >= most || own.length >= mostOfOne)) return undefined;
    const turn = busy ? new Promise<void>((resolve) => own.push(resolve)) : Promise.resolve();
    if (busy) {
      waiting.set(who, own);
      count++;
    } else last = who;
    busy = true;
    return turn.then(call).finally(next);
  };
}
