import pTimeout from 'p-timeout';
import { MrimasterError } from '../errors/errors.js';

/**
 * Result of one check. An `ok` with a `code` is a warning: the part works, but something must be done soon. `message`
 * and `cure` hold neither secrets nor a patient's data.
 */
export type CheckResult = {
  check: string;
  archive?: string;
  status: 'ok' | 'failed' | 'skipped';
  code?: string;
  message: string;
  cure?: string;
};

/** A result before it is known which check it belongs to. */
export type CheckOutcome = Omit<CheckResult, 'check' | 'archive'>;

/** The part works; `message` says what was found. */
export const ok = (message: string): CheckOutcome => ({ status: 'ok', message });

/** The check was not tried; `message` says why. */
export const skipped = (message: string): CheckOutcome => ({ status: 'skipped', message });

/** The part does not work. `code`: listed in docs/doctor.md; `cure`: what to do. */
export const failed = (code: string, message: string, cure: string): CheckOutcome => ({
  status: 'failed',
  code,
  message,
  cure,
});

/** The part works; `message` says what will not hold for long. */
export const warning = (code: string, message: string, cure: string): CheckOutcome => ({
  ...failed(code, message, cure),
  status: 'ok',
});

/** Longest time that one check may take, unless it says otherwise. */
const LIMIT_MS = 12_000;

/** Runs one check. It always ends in a result, even when it throws or takes longer than `limitMs`. */
export async function examine(
  check: string,
  run: () => Promise<CheckOutcome>,
  limitMs = LIMIT_MS,
): Promise<CheckResult> {
  const late = () =>
    failed(
      'CHECK_TIMEOUT',
      `The check did not end within ${limitMs / 1000} s.`,
      'Something that it asks is silent or overloaded: look at the load of this machine, and run doctor again.',
    );
  try {
    return { check, ...(await pTimeout(run(), { milliseconds: limitMs, fallback: late })) };
  } catch (error) {
    return { check, ...unforeseen(error) };
  }
}

/** The message of an unforeseen error is left out: it may quote a patient's data. */
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
