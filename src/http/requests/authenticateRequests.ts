import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.js';
import { Forbidden } from '../../errors/errors.js';
import { denied } from '../../identity/audit.js';
import type { Authenticate } from '../../identity/authenticate.js';
import type { Caller, Right } from '../../identity/caller.js';
import type { PictureLinks } from '../../identity/pictureLinks.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on routes that anybody may ask. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What a route needs. One that says nothing is refused. BY_OPERATION: it checks by itself. */
    demand?: Right | 'ANYBODY' | 'BY_OPERATION';
  }
}

/** Every request but those that anybody may make comes from somebody who is known, and may. */
export function authenticateRequests(
  app: FastifyInstance,
  { audit }: Context,
  authenticate: Authenticate,
  links: PictureLinks,
): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const { config, url: route } = request.routeOptions;
    if (route === undefined) return; // there is no such thing, whoever asks
    const demand = route === '/graphql' ? 'BY_OPERATION' : config.demand;
    if (demand === 'ANYBODY') return;
    const shown = demand === 'pixels' ? links.open(request.url) : undefined;
    request.caller = shown ?? (await authenticate(request.headers.authorization));
    if (demand === 'BY_OPERATION' || (demand && request.caller.rights.has(demand))) return;
    await audit.record([denied(request.caller.subject, request.ip, `${request.method} ${route}`)]);
    const right = demand ? `the right "${demand}"` : 'a right that nobody has';
    throw new Forbidden(`This needs ${right}. An administrator grants rights.`);
  });
}

/** The same refusal in the form that a client of this route expects. */
export function refusal(
  request: FastifyRequest,
  reply: FastifyReply,
  { code, message }: { code: string; message: string },
) {
  if (code === 'UNAUTHENTICATED') reply.header('WWW-Authenticate', 'Bearer realm="MRIMaster"'); // RFC 6750 3
  if (request.routeOptions.url === '/graphql') return reply.send({ errors: [{ message, extensions: { code } }] });
  return reply.send({ code, message });
}
