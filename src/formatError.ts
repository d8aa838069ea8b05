import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DatabaseUnavailable, MrimasterError } from './errors.js';
import type { Log } from './log.js';

/** Prisma's and PostgreSQL's own codes for a database that is not there, or not yet. */
const NO_DATABASE = /^(P1001|P1002|P1008|P1017|P2024|P2039|57P0[123]|ECONNREFUSED|ECONNRESET|EPIPE)$/;

/**
 * What a client learns of a failure: ours with its code and cure; GraphQL's own as it is; of any other only an id,
 * under which the log has it. `extensions.requestId`, where there is one, stays.
 */
export function formatError(log: Log) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const { code: given, requestId } = formatted.extensions ?? {};
    const named = requestId === undefined ? {} : { requestId };
    const original = unwrapResolverError(thrown);
    const known = asKnown(original);
    if (known) {
      const { message, code, retryable } = known;
      return { ...formatted, message, extensions: { code, ...(retryable && { retryable }), ...named } };
    }
    if (original instanceof GraphQLError && given !== 'INTERNAL_SERVER_ERROR')
      return { ...formatted, extensions: { code: given, ...named } }; // without the stack
    const errorId = randomUUID();
    log.error({ err: original, errorId, ...named }, 'A request failed for an unknown reason.');
    const extensions = { code: 'INTERNAL_SERVER_ERROR', errorId, ...named };
    return { ...formatted, message: 'Internal server error', extensions };
  };
}

export function asKnown(error: unknown): MrimasterError | undefined {
  if (error instanceof MrimasterError) return error;
  for (let cause = error; cause instanceof Object; cause = (cause as { cause?: unknown }).cause) {
    const { code, originalCode, syscall } = cause as { code?: unknown; originalCode?: unknown; syscall?: unknown };
    const noSocket = code === 'ENOENT' && syscall === 'connect'; // other missing files are no databases
    if (noSocket || [code, originalCode].some((one) => NO_DATABASE.test(String(one))))
      return new DatabaseUnavailable('The database does not answer at the moment. Try again shortly.');
  }
  return undefined;
}

/** Of a failure that was foreseen its code, of any other all that there is. */
export function asLogged(error: unknown): { code: string } | { err: unknown } {
  const known = asKnown(error);
  return known ? { code: known.code } : { err: error };
}
