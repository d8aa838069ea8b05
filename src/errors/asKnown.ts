import { DatabaseUnavailable, MrimasterError } from './errors.js';

/**
 * Codes of Prisma, of PostgreSQL and of the operating system for a database that is away, starting or overloaded, and
 * for a transaction that took too long or conflicted with another.
 */
const NO_DATABASE =
  /^(P1001|P1002|P1008|P1017|P2024|P2028|P2034|P2037|P2039|08\w{3}|53\w{3}|57P\d\d|57014|25006|ECONNREFUSED|ECONNRESET|EPIPE)$/;
/** Messages of the pg library, whose own failures have no code. */
const CUT_OFF =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Client (has encountered a connection error|was closed) and is not queryable|Cannot use a pool after)/;

/**
 * Turns an error into one of ours; undefined where it was not foreseen. A database that is away becomes
 * DatabaseUnavailable, wherever that was noticed.
 */
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

/** The error behind an error. Prisma keeps the database's error for a raw statement in `meta`. */
function causeOf(error: object): unknown {
  const { cause, meta } = error as { cause?: unknown; meta?: { driverAdapterError?: unknown } };
  return cause ?? meta?.driverAdapterError;
}

/** What the log says of an error: the code of a foreseen one, everything of any other. */
export function asLogged(error: unknown): { code: string } | { err: unknown } {
  const known = asKnown(error);
  return known ? { code: known.code } : { err: error };
}
