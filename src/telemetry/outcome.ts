import { asKnown } from '../errors/asKnown.js';

/** As what something that failed is counted: our own codes are few, and hold nobody's data. */
export function codeOf(error: unknown): string {
  return asKnown(error)?.code ?? 'INTERNAL_SERVER_ERROR';
}

/** Calls `done` with what `judge` makes of the result, or the error's code, and with the seconds, when `work` has ended. */
export async function timed<T>(
  work: () => Promise<T>,
  done: (outcome: string, seconds: number) => void,
  judge: (result: T) => string = () => 'OK',
): Promise<T> {
  const began = performance.now();
  const end = (outcome: string) => done(outcome, (performance.now() - began) / 1000);
  try {
    const result = await work();
    end(judge(result));
    return result;
  } catch (error) {
    end(codeOf(error));
    throw error;
  }
}
