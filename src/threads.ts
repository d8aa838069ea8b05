// Errors lose their class and code on the way out of a worker thread; these two carry them across.
import * as errors from './errors.js';

export type Outcome<Result> =
  | { result: Result }
  | { failure: { name: string; message: string; stack?: string | undefined } };

/** For a thread's functions: answers with what `work` returned or threw, in a form that survives the crossing. */
export function answering<Task, Result>(work: (task: Task) => Promise<Result>) {
  return async (task: Task): Promise<Outcome<Result>> => {
    try {
      return { result: await work(task) };
    } catch (error) {
      const { name, message, stack } = error as Error;
      return { failure: { name, message, stack } };
    }
  };
}

/** For those who ask the thread: its result, or its error with its own class again. */
export function answerOf<Result>(outcome: Outcome<Result>): Result {
  if ('result' in outcome) return outcome.result;
  const { name, message, stack } = outcome.failure;
  const known = (errors as unknown as Record<string, new (message: string) => Error>)[name];
  throw known ? new known(message) : Object.assign(new Error(message), { name, stack });
}
