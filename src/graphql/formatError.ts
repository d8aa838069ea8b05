import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { asKnown } from '../errors/asKnown.js';
import type { Log } from '../output/log.js';

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
      return { ...formatted, extensions: { code: statedCode(thrown) ?? given, ...named } }; // without the stack
    const errorId = randomUUID();
    log.error({ err: original, errorId, ...named }, 'A request failed for an unknown reason.');
    const extensions = { code: 'INTERNAL_SERVER_ERROR', errorId, ...named };
    return { ...formatted, message: 'Internal server error', extensions };
  };
}

/** Apollo Server calls every literal that a scalar refuses a document that is not valid; the scalar may have said more. */
function statedCode(thrown: unknown): unknown {
  const inner = thrown instanceof GraphQLError ? thrown.originalError : undefined;
  return inner instanceof GraphQLError ? inner.extensions.code : undefined;
}
