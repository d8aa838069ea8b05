import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import * as errors from '../errors/errors.js';

/**
 * What a worker thread sends back: a result, or an error as plain data. Errors lose their class and code on the way
 * between threads; `answering` takes them apart and `answerOf` makes them anew.
 */
export type ThreadReply<Result> =
  | { result: Result }
  | { failure: { name: string; message: string; stack?: string | undefined } };

/** Wraps a function of a thread: it replies with what `work` returned or threw. */
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

/** @returns the result of a thread's reply. @throws its error, with its own class again. */
export function answerOf<Result>(reply: ThreadReply<Result>): Result {
  if ('result' in reply) return reply.result;
  const { name, message, stack } = reply.failure;
  const known = (errors as unknown as Record<string, new (message: string) => Error>)[name];
  throw known ? new known(message) : Object.assign(new Error(message), { name, stack });
}

/**
 * Lowers the priority of the calling thread and of those that it starts. Where there are too few cores, the server
 * answers callers before it computes the next slice. Linux only, where threads have priorities of their own.
 */
export function comeLast(): void {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self'))); // proc(5)
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL); // at a lower one other busy programs would starve it
  } catch {} // then all threads have the same priority
}
