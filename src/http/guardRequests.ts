import cors, { type FastifyCorsOptions } from '@fastify/cors';
import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { INTENDED_USE } from '../about.js';
import type { Context } from '../context.js';
import { RateLimited } from '../errors/errors.js';
import { type Authenticate, authenticates } from '../identity/authenticate.js';
import type { PictureLinks } from '../identity/pictureLinks.js';
import { observeRequests } from '../telemetry/observeRequests.js';
import { traceRequests } from '../telemetry/traceRequests.js';
import { answerError } from './requests/answerError.js';
import { answersForHost, HOST_REFUSED } from './requests/answeredHosts.js';
import { authenticateRequests } from './requests/authenticateRequests.js';
import { comesByProxy, PROXY_REQUIRED } from './requests/knownProxies.js';
import { endUnread, limitArrival } from './requests/limitArrival.js';
import { RateStore } from './requests/rateStore.js';

/** A browser that takes an answer for a page runs none of it, and shows it in no frame. */
const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";

/**
 * Adds the hooks that every request passes before its route. Their order matters: a request for another host is refused
 * before its caller is looked at, and a caller is known before requests are counted or a body is read.
 */
export async function guardRequests(
  app: FastifyInstance,
  context: Context,
  authenticate: Authenticate,
  links: PictureLinks,
): Promise<void> {
  const { config } = context;
  traceRequests(app, context.tracing);
  observeRequests(app, context);
  const isForUs = answersForHost(config);
  const mayConnect = comesByProxy(config);
  app.addHook('onRequest', async (request, reply) => {
    if (!mayConnect(request.socket.remoteAddress)) return reply.status(403).send(PROXY_REQUIRED);
    if (!isForUs(request.host)) return reply.status(421).send(HOST_REFUSED);
  });
  if (config.allowedOrigins.length > 0) await app.register(cors, corsOptions(config.allowedOrigins));
  app.addHook('onRequest', limitArrival);
  authenticateRequests(app, context, authenticate, links);
  if (authenticates(config.identity)) await app.register(rateLimit, rateLimits(config.rateLimit));
  app.addHook('onResponse', endUnread);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('X-Intended-Use', INTENDED_USE.replace('–', '-'));
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('X-Frame-Options', 'DENY'); // for browsers that do not know frame-ancestors
    if (!reply.hasHeader('Content-Security-Policy')) reply.header('Content-Security-Policy', NO_CONTENT);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) =>
    answerError(context, error, request, reply),
  );
}

/** Without credentials: the page itself sends the token, so a browser need not add any. */
function corsOptions(origins: readonly string[]): FastifyCorsOptions {
  const exposedHeaders = ['ETag', 'Retry-After', 'X-Intended-Use', 'X-Request-Id'];
  return { origin: [...origins], methods: ['GET', 'POST'], exposedHeaders, maxAge: 600 };
}

/** `max` requests a minute for each caller, so that one busy dashboard slows down no other. STOW-RS has its own limit. */
function rateLimits(max: number): RateLimitPluginOptions {
  return {
    max,
    timeWindow: '1 minute',
    hook: 'onRequest', // after authentication, whose hook was added before, and before any body is read
    store: RateStore,
    keyGenerator: ({ caller, ip }) => caller?.subject ?? ip,
    allowList: ({ url }) => url.startsWith('/dicom-web/'),
    errorResponseBuilder: (_request, { after }) => new RateLimited(`Too many requests. Try again in ${after}.`),
  };
}
