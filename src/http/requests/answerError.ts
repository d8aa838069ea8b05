import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.js';
import { asKnown } from '../../errors/asKnown.js';

/** HTTP status by error code, where it is not that of the error's kind. */
const STATUSES: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UPLOAD_FAILED: 400,
};

/**
 * Answers a request that failed. A known error goes to the caller with its code and cure, an unknown one to the log alone.
 * Retryable errors have status 503, missing objects 404, other known errors 422.
 */
export function answerError(
  { log }: Context,
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const known = asKnown(error);
  if (known) {
    const status = STATUSES[known.code] ?? (known.retryable ? 503 : known.code.endsWith('_NOT_FOUND') ? 404 : 422);
    return sendRefusal(request, reply.status(status), known);
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return reply.status(status).send({ code: 'BAD_REQUEST', message: error.message });
  log.error({ err: error, requestId: request.id }, 'A request failed for an unknown reason.');
  return reply.status(500).send({ code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' });
}

/** Sends the code and message in the form that clients of the route expect: as GraphQL errors on /graphql, else as JSON. */
function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  { code, message }: { code: string; message: string },
) {
  if (code === 'UNAUTHENTICATED') reply.header('WWW-Authenticate', 'Bearer realm="MRIMaster"'); // RFC 6750 3
  if (request.routeOptions.url === '/graphql') return reply.send({ errors: [{ message, extensions: { code } }] });
  return reply.send({ code, message });
}
