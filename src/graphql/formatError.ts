import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { asKnown } from '../errors/asKnown.js';
import type { Log } from '../output/log.js';

/**
 * Creates the function that decides what a client learns of a failure: the code and cure of a known error, an error of
 * GraphQL as it is, and of any other error only an id under which the log has it. `extensions.requestId` is kept.
 */
export function formatError(log: Log) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const { code: formattedCode, requestId } = formatted.extensions ?? {};
    const ofRequest = requestId === undefined ? {} : { requestId };
    const original = unwrapResolverError(thrown);
    const known = asKnown(original);
    if (known) {
      const { message, code, retryable } = known;
      return { ...formatted, message, extensions: { code, ...(retryable && { retryable }), ...ofRequest } };
    }
    if (original instanceof GraphQLError && formattedCode !== 'INTERNAL_SERVER_ERROR')
      return { ...formatted, extensions: { code: statedCode(thrown) ?? formattedCode, ...ofRequest } }; // without the stack
    const errorId = randomUUID();
    log.error({ err: original, errorId, ...ofRequest }, 'A request failed for an unknown reason.');
    const extensions = { code: 'INTERNAL_SERVER_ERROR', errorId, ...ofRequest };
    return { ...formatted, message: 'Internal server error', extensions };
  };
}

/** The code that a scalar gave when it refused a literal. Apollo Server replaces it by GRAPHQL_VALIDATION_FAILED. */
function statedCode(thrown: unknown): unknown {
  const inner = thrown instanceof GraphQLError ? thrown.originalError : undefined;
  return inner instanceof GraphQLError ? inner.extensions.code : undefined;
}
