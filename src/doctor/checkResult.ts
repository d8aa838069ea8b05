import pTimeout from 'p-timeout';
import { MrimasterError } from '../errors/errors.js';

/**
 * What one check found. `ok` with a `code` is a warning: it works, and something is to be done soon. `message` and `cure`
 * hold neither secrets nor a patient's data.
 */
export type CheckResult = {
  check: string;
  archive?: string;
  status: 'ok' | 'failed' | 'skipped';
  code?: string;
  message: string;
  cure?: string;
};
export type CheckOutcome = Omit<CheckResult, 'check' | 'archive'>;

export const ok = (message: string): CheckOutcome => ({ status: 'ok', message });
export const skipped = (message: string): CheckOutcome => ({ status: 'skipped', message });
export const failed = (code: string, message: string, cure: string): CheckOutcome => ({
  status: 'failed',
  code,
  message,
  cure,
});
export const warning = (code: string, message: string, cure: string): CheckOutcome => ({
  ...failed(code, message, cure),
  status: 'ok',
});

/** The longest that somebody who waits for a check is made to wait. */
const LIMIT_MS = 12_000;

/** Runs one check. It always ends in a finding, also where it throws, or takes longer than `limitMs`. */
export async function examine(
  check: string,
  look: () => Promise<CheckOutcome>,
  limitMs = LIMIT_MS,
): Promise<CheckResult> {
  const late = () =>
    failed(
      'CHECK_TIMEOUT',
      `No end after ${limitMs / 1000} s.`,
      'Something that it asks is silent or overloaded: look at the load of this machine, and run doctor again.',
    );
  try {
    return { check, ...(await pTimeout(look(), { milliseconds: limitMs, fallback: late })) };
  } catch (error) {
    return { check, ...unforeseen(error) };
  }
}

/** Of an error that nobody foresaw only its kind is told: its message may quote what it was given. */
function unforeseen(error: unknown): CheckOutcome {
  if (error instanceof MrimasterError)
    return failed(error.code, error.message, 'Do as the message says, then run doctor again.');
  const { code, name } = error as NodeJS.ErrnoException;
  return failed(
    'CHECK_FAILED',
    `The check itself failed (${code ?? name}).`,
    'Run doctor again; if it stays so, report it with the versions of MRIMaster and Node.js.',
  );
}
