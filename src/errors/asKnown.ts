import { DatabaseUnavailable, MrimasterError } from './errors.js';

/**
 * Prisma's codes, PostgreSQL's and the system's for a database that is not there, or not yet, or has no connection, memory
 * or time to spare; and for a transaction that took too long or met another.
 */
const NO_DATABASE =
  /^(P1001|P1002|P1008|P1017|P2024|P2028|P2034|P2037|P2039|08\w{3}|53\w{3}|57P\d\d|57014|25006|ECONNREFUSED|ECONNRESET|EPIPE)$/;
/** The pg library gives its own failures no code. */
const CUT_OFF =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Client (has encountered a connection error|was closed) and is not queryable|Cannot use a pool after)/;

/** A failure that was foreseen; undefined for any other. A database that is away, wherever it was noticed, is DatabaseUnavailable. */
export function asKnown(error: unknown): MrimasterError | undefined {
  if (error instanceof MrimasterError) return error;
  for (let cause = error; cause instanceof Object; cause = causeOf(cause)) {
    const { code, message, originalCode, syscall } = cause as Record<string, unknown>;
    if (code === '53100' || originalCode === '53100')
      return new DatabaseUnavailable('The disk of the database is full. Free some space there, and try again.');
    const noSocket = code === 'ENOENT' && syscall === 'connect'; // other missing files are no databases
    const cutOff = code === undefined && CUT_OFF.test(String(message));
    if (noSocket || cutOff || [code, originalCode].some((one) => NO_DATABASE.test(String(one))))
      return new DatabaseUnavailable('The database does not answer at the moment. Try again shortly.');
  }
  return undefined;
}

/** Prisma keeps what the database said of a statement in words of ours in a place of its own. */
function causeOf(error: object): unknown {
  const { cause, meta } = error as { cause?: unknown; meta?: { driverAdapterError?: unknown } };
  return cause ?? meta?.driverAdapterError;
}

/** Of a failure that was foreseen its code, of any other all that there is. */
export function asLogged(error: unknown): { code: string } | { err: unknown } {
  const known = asKnown(error);
  return known ? { code: known.code } : { err: error };
}
