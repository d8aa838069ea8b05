import { asKnown } from '../errors/asKnown.js';

/** The code under which a failure is counted. Our codes are few, and hold no patient's data. */
export function codeOf(error: unknown): string {
  return asKnown(error)?.code ?? 'INTERNAL_SERVER_ERROR';
}

/**
 * Runs `work`, and calls `done` when it has ended.
 * @param done gets the outcome ("OK", or a code) and the seconds.
 * @param judge makes the outcome of a result; by default "OK".
 */
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
