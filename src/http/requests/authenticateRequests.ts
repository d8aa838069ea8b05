import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.js';
import { Forbidden } from '../../errors/errors.js';
import { denied } from '../../identity/audit.js';
import type { Authenticate } from '../../identity/authenticate.js';
import type { Caller, Right } from '../../identity/caller.js';
import type { PictureLinks } from '../../identity/pictureLinks.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null on routes that anybody may ask. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** The right that a route needs. A route without one is refused. BY_OPERATION: the route checks rights itself. */
    demand?: Right | 'ANYBODY' | 'BY_OPERATION';
  }
}

/**
 * Adds a hook that refuses requests whose caller is unknown, or lacks the right that the route needs. It refuses with
 * Unauthenticated or Forbidden, and audits the latter. On routes of pictures a signed link stands for a token.
 */
export function authenticateRequests(
  app: FastifyInstance,
  { audit }: Context,
  authenticate: Authenticate,
  links: PictureLinks,
): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const { config, url: route } = request.routeOptions;
    if (route === undefined) return; // there is no such route, whoever asks
    const demand = route === '/graphql' ? 'BY_OPERATION' : config.demand;
    if (demand === 'ANYBODY') return;
    const linkHolder = demand === 'pixels' ? links.open(request.url) : undefined;
    request.caller = linkHolder ?? (await authenticate(request.headers.authorization));
    if (demand === 'BY_OPERATION' || (demand && request.caller.rights.has(demand))) return;
    await audit.record([denied(request.caller.subject, request.ip, `${request.method} ${route}`)]);
    const right = demand ? `the right "${demand}"` : 'a right that nobody has';
    throw new Forbidden(`This needs ${right}. An administrator grants rights.`);
  });
}
