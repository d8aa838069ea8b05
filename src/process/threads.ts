import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import * as errors from '../errors/errors.js';

/** Errors lose their class and code on the way out of a worker thread; `answering` and `answerOf` carry them across. */
export type ThreadReply<Result> =
  | { result: Result }
  | { failure: { name: string; message: string; stack?: string | undefined } };

/** For a thread's functions: answers with what `work` returned or threw, in a form that survives the crossing. */
export function answering<Task, Result>(work: (task: Task) => Promise<Result>) {
  return async (task: Task): Promise<ThreadReply<Result>> => {
    try {
      return { result: await work(task) };
    } catch (error) {
      const { name, message, stack } = error as Error;
      return { failure: { name, message, stack } };
    }
  };
}

/** For those who ask the thread: its result, or its error with its own class again. */
export function answerOf<Result>(outcome: ThreadReply<Result>): Result {
  if ('result' in outcome) return outcome.result;
  const { name, message, stack } = outcome.failure;
  const known = (errors as unknown as Record<string, new (message: string) => Error>)[name];
  throw known ? new known(message) : Object.assign(new Error(message), { name, stack });
}

/**
 * Lets the thread that calls this, and those that it starts, wait for others where there are too few cores: who asks the
 * server is answered before the next slice is computed. On Linux alone, where threads have a priority of their own.
 */
export function comeLast(): void {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self'))); // proc(5)
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL); // lower, other busy programs would starve it
  } catch {} // then all are equal
}
