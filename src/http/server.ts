import 'reflect-metadata'; // before any decorated class is loaded, whatever leads to it
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { INTENDED_USE } from '../about.js';
import type { Context } from '../context.js';
import { asKnown } from '../errors/asKnown.js';
import { ConfigInvalid } from '../errors/configInvalid.js';
import { RateLimited } from '../errors/errors.js';
import { answerLegacyJson } from '../graphql/answerLegacyJson.js';
import { buildApiSchema } from '../graphql/buildSchema.js';
import { formatError } from '../graphql/formatError.js';
import { guardOperations } from '../graphql/guardOperations.js';
import { jitGateway } from '../graphql/jitGateway.js';
import { MAX_BODY_BYTES, MAX_TOKENS } from '../graphql/limits.js';
import { authenticates, createAuthenticate } from '../identity/authenticate.js';
import type { Caller } from '../identity/caller.js';
import { createPictureLinks } from '../identity/pictureLinks.js';
import { admitSilent } from '../peers/admitSilent.js';
import { openRequest, type Request } from '../resolvers/request.js';
import { observeOperations } from '../telemetry/observeOperations.js';
import { observeRequests } from '../telemetry/observeRequests.js';
import { traceRequests } from '../telemetry/traceRequests.js';
import { answersForHost, HOST_REFUSED } from './requests/answeredHosts.js';
import { authenticateRequests, refusal } from './requests/authenticateRequests.js';
import { comesByProxy, PROXY_REQUIRED } from './requests/knownProxies.js';
import { RateStore } from './requests/rateStore.js';
import { readUploads } from './requests/readUploads.js';
import { requestIdOf } from './requests/requestId.js';
import { serveNotices } from './routes/arrivals.js';
import { serveFhir } from './routes/fhir.js';
import { serveHealth } from './routes/health.js';
import { serveImages } from './routes/images.js';
import { serveMetrics } from './routes/metrics.js';
import { serveStow } from './routes/stow.js';
import { serveExplorer } from './serveExplorer.js';
import { serveSubscriptions } from './subscriptions/subscriptions.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** The time for the head of a request to arrive, or for a connection to send anything, and how often it is looked at. */
const WITHIN_LIMITS = { headersTimeout: 10_000, connectionsCheckingInterval: 1000 };
/** Connections on which nothing is asked, and those that come from TLS. */
const MOST_SILENT = 512;
/** What we answer is data: whatever a browser takes it for, it does nothing, and stands in nobody's frame. */
const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";
const REFUSAL_ARRIVES_MS = 1000;
const LAST_ANSWERS_MS = 20_000;

export type HttpServer = { url: string; close(): Promise<void> };

/** GraphQL on /graphql, subscriptions too, pictures on /images, STOW-RS on /dicom-web, FHIR on /fhir, health and metrics, and in development an explorer on /graphiql. */
export async function startServer(context: Context): Promise<HttpServer> {
  const { config, log } = context;
  // No time limit for whole requests: a study sent by STOW-RS may take its time, see limitArrival for all others.
  const { tls, trustedProxies } = config;
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    genReqId: requestIdOf,
    http: WITHIN_LIMITS,
    return503OnClosing: false, // what had begun to arrive is answered, and /readyz says by itself that it ends
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    ...(tls && { https: { ...WITHIN_LIMITS, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' as const } }),
  }) as FastifyInstance;
  const silent = limitSilent(app.server);
  const authenticate = createAuthenticate(config.identity);
  const links = createPictureLinks();
  const sign = authenticates(config.identity) ? links.sign : (_caller: Caller, path: string) => path;
  const schema = await buildApiSchema();
  const apollo = new ApolloServer<Request>({
    gateway: jitGateway(schema),
    introspection: !config.production,
    hideSchemaDetailsFromClientErrors: config.production,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // main.ts closes everything, in order; a second listener would cut it short
    persistedQueries: persisted(config.operations),
    validationOptions: { maxErrors: 5 },
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: formatError(log),
    plugins: [
      guardOperations(schema, context),
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginCacheControlDisabled(), // it instruments every field, and we cache nothing
      ApolloServerPluginLandingPageDisabled(), // it loads its page from the internet
      answerLegacyJson,
      observeOperations(context),
    ],
  });
  await apollo.start();
  traceRequests(app, context.tracing);
  observeRequests(app, context);
  const isForUs = answersForHost(config);
  const comesRightly = comesByProxy(config);
  app.addHook('onRequest', async (request, reply) => {
    if (!comesRightly(request.socket.remoteAddress)) return reply.status(403).send(PROXY_REQUIRED);
    if (!isForUs(request.host)) return reply.status(421).send(HOST_REFUSED);
  });
  if (config.allowedOrigins.length > 0) await app.register(cors, sharing(config.allowedOrigins));
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
  await app.register(fastifyApollo(apollo), {
    context: async (request) => {
      const origin = config.publicUrl ?? `${request.protocol}://${request.host}`;
      const caller = request.caller as Caller; // /graphql answers nobody who is not known
      return {
        ...openRequest(context, caller, request.ip, request.id),
        pictureUrl: (path) => origin + sign(caller, path),
      };
    },
  });
  readUploads(app);
  serveHealth(app, context);
  serveMetrics(app, context);
  serveImages(app, context);
  serveStow(app, context);
  serveNotices(app, context);
  serveFhir(app, context);
  if (!config.production) serveExplorer(app);
  const subscriptions = await serveSubscriptions(app.server, context, {
    schema,
    authenticate,
    sign,
    onUpgrade: silent.spoke,
  });
  const url = await app.listen({ host: config.host, port: config.port }).catch(async (error: NodeJS.ErrnoException) => {
    await subscriptions.close();
    if (error.code === 'EACCES')
      throw new ConfigInvalid(`This account may not listen on port ${config.port}. Set PORT to 1024 or more.`);
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ConfigInvalid(
      `Port ${config.port} of ${config.host} is taken by another program. Stop that one, or set PORT to another number.`,
    );
  });
  app.server.on('error', (error) => log.error({ err: error }, 'A connection could not be accepted.'));
  const closeAll = async () => {
    await subscriptions.close(); // the server waits for its sockets, too
    await close(app, silent.connected);
  };
  return { url, close: closeAll };
}

/** Without a list of operations clients need no hashes, and nobody may leave operations with us. */
function persisted(operations: ReadonlyMap<string, string> | undefined) {
  if (!operations) return false;
  const get = async (key: string) => operations.get(key.replace(/^apq:/, ''));
  return { cache: { get, set: async () => {}, delete: async () => false } };
}

/** Without credentials: a token is shown by the page itself, and a browser adds none. */
function sharing(origins: readonly string[]): FastifyCorsOptions {
  const exposedHeaders = ['ETag', 'Retry-After', 'X-Intended-Use', 'X-Request-Id'];
  return { origin: [...origins], methods: ['GET', 'POST'], exposedHeaders, maxAge: 600 };
}

/** By caller, so that one dashboard that runs wild slows down no other. STOW-RS has a limit of its own. */
function rateLimits(max: number): RateLimitPluginOptions {
  return {
    max,
    timeWindow: '1 minute',
    hook: 'onRequest', // behind authentication, which was there first, and before any body
    store: RateStore,
    keyGenerator: ({ caller, ip }) => caller?.subject ?? ip,
    allowList: ({ url }) => url.startsWith('/dicom-web/'),
    errorResponseBuilder: (_request, { after }) => new RateLimited(`Too many requests. Try again in ${after}.`),
  };
}

/** Answers what is asked already, for a while; a connection that becomes idle meanwhile is closed, too. */
async function close(app: FastifyInstance, connected: ReadonlySet<Socket>): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 100);
  const last = setTimeout(() => {
    for (const socket of connected) socket.destroy(); // also those that are no longer HTTP's
  }, LAST_ANSWERS_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(last);
  }
}

/** Whoever opens connections and asks nothing keeps nobody else out. */
function limitSilent(server: Server) {
  const silent = admitSilent({ most: MOST_SILENT });
  const connected = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connected.add(socket);
    socket.once('close', () => connected.delete(socket));
  });
  server.on('connection', silent.admit);
  server.on('secureConnection', silent.admit);
  server.on('request', ({ socket }, response) => {
    silent.spoke(socket);
    response.once('close', () => socket.destroyed || silent.admit(socket));
  });
  return { spoke: silent.spoke, connected };
}

/** The time for a request to arrive; slow answers are not cut short. */
async function limitArrival({ headers, method, raw, routeOptions }: FastifyRequest): Promise<void> {
  const type = headers['content-type'] ?? '';
  const isStow = method === 'POST' && routeOptions.url?.startsWith('/dicom-web/') && /^multipart\/related/i.test(type);
  const isUpload = method === 'POST' && routeOptions.url === '/graphql' && /^multipart\/form-data/i.test(type);
  if (isStow || isUpload || raw.complete) return; // both have limits of their own
  const timer = setTimeout(() => raw.destroy(), REQUEST_TIMEOUT_MS).unref();
  const stop = () => clearTimeout(timer);
  raw.once('end', stop).once('close', stop);
}

/** A body that nobody reads, as behind a refusal, would keep its connection busy for ever, and the server from closing. */
async function endUnread({ raw }: FastifyRequest): Promise<void> {
  if (raw.complete) return;
  raw.resume(); // whoever still sends reads no answer before
  // The socket is gone where the caller went first.
  setTimeout(() => raw.complete || raw.destroy(), REFUSAL_ARRIVES_MS).unref();
}

const STATUSES: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UPLOAD_FAILED: 400,
};

function answerError(
  { log }: Context,
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const known = asKnown(error);
  if (known) {
    const status = STATUSES[known.code] ?? (known.retryable ? 503 : known.code.endsWith('_NOT_FOUND') ? 404 : 422);
    return refusal(request, reply.status(status), known);
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return reply.status(status).send({ code: 'BAD_REQUEST', message: error.message });
  log.error({ err: error, requestId: request.id }, 'A request failed for an unknown reason.');
  return reply.status(500).send({ code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' });
}
