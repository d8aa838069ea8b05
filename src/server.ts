import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { answersForHost, HOST_REFUSED } from './answeredHosts.js';
import { ConfigInvalid } from './config.js';
import type { Context } from './context.js';
import { serveFhir } from './fhirRoutes.js';
import { asKnown, formatError } from './formatError.js';
import { serveImages } from './imageRoutes.js';
import { INTENDED_USE } from './intendedUse.js';
import { MAX_BODY_BYTES, MAX_TOKENS } from './limits.js';
import { serveNotices } from './noticeRoutes.js';
import { createLoaders } from './resolvers/loaders.js';
import type { Request } from './resolvers/request.js';
import { buildApiSchema } from './schema/buildSchema.js';
import { serveStow } from './stowRoutes.js';
import { serveSubscriptions } from './subscriptions.js';

const REQUEST_TIMEOUT_MS = 10_000;
const REFUSAL_ARRIVES_MS = 1000;
const LAST_ANSWERS_MS = 20_000;

export type HttpServer = { url: string; close(): Promise<void> };

/** GraphQL on /graphql, subscriptions too, pictures on /images, STOW-RS on /dicom-web, FHIR on /fhir, and in development an explorer on /graphiql. */
export async function startServer(program: Context): Promise<HttpServer> {
  const { config, log, prisma } = program;
  // No time limit for whole requests: a study sent by STOW-RS may take its time, see limitArrival for all others.
  const app = fastify({ bodyLimit: MAX_BODY_BYTES, requestTimeout: 0, forceCloseConnections: 'idle' });
  const schema = await buildApiSchema();
  const apollo = new ApolloServer<Request>({
    schema,
    introspection: !config.production,
    hideSchemaDetailsFromClientErrors: config.production,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // main.ts closes everything, in order; a second listener would cut it short
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: formatError(log),
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginCacheControlDisabled(), // it instruments every field, and we cache nothing
      ApolloServerPluginLandingPageDisabled(), // it loads its page from the internet
    ],
  });
  await apollo.start();
  const isForUs = answersForHost(config);
  app.addHook('onRequest', async (request, reply) => {
    if (!isForUs(request.host)) return reply.status(421).send(HOST_REFUSED);
  });
  app.addHook('onRequest', limitArrival);
  app.addHook('onResponse', endUnread);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('X-Intended-Use', INTENDED_USE.replace('–', '-'));
    reply.header('X-Content-Type-Options', 'nosniff');
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) =>
    answerError(program, error, request, reply),
  );
  await app.register(fastifyApollo(apollo), {
    context: async (request) => ({
      program,
      loaders: createLoaders(prisma),
      origin: config.publicUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`,
    }),
  });
  serveImages(app, program);
  serveStow(app, program);
  serveNotices(app, program);
  serveFhir(app, program);
  if (!config.production) await serveExplorer(app);
  const subscriptions = await serveSubscriptions(app.server, program, schema);
  const url = await app.listen({ host: config.host, port: config.port }).catch(async (error: NodeJS.ErrnoException) => {
    await subscriptions.close();
    if (error.code === 'EACCES')
      throw new ConfigInvalid(`This account may not listen on port ${config.port}. Set PORT to 1024 or more.`);
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ConfigInvalid(
      `Port ${config.port} of ${config.host} is taken by another program. Stop that one, or set PORT to another number.`,
    );
  });
  const closeAll = async () => {
    await subscriptions.close(); // the server waits for its sockets, too
    await close(app);
  };
  return { url, close: closeAll };
}

/** Answers what is asked already, for a while; a connection that becomes idle meanwhile is closed, too. */
async function close(app: FastifyInstance): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 100);
  const last = setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(last);
  }
}

/** The time for a request to arrive; slow answers are not cut short. */
async function limitArrival({ url, raw }: FastifyRequest): Promise<void> {
  if (url.startsWith('/dicom-web/') || raw.complete) return;
  const timer = setTimeout(() => raw.destroy(), REQUEST_TIMEOUT_MS).unref();
  const stop = () => clearTimeout(timer);
  raw.once('end', stop).once('close', stop);
}

/** A body that nobody reads, as behind a refusal, would keep its connection busy for ever, and the server from closing. */
async function endUnread({ raw }: FastifyRequest): Promise<void> {
  if (raw.complete) return;
  setTimeout(() => raw.complete || raw.socket.destroy(), REFUSAL_ARRIVES_MS).unref();
}

/** GraphiQL, whole in one page, so that it works without the internet. */
async function serveExplorer(app: FastifyInstance): Promise<void> {
  app.get('/graphiql', async (_request: FastifyRequest, reply: FastifyReply) => {
    const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
    const page = renderGraphiQL({
      endpoint: '/graphql',
      title: 'MRIMaster – research use only',
      subscriptionsProtocol: 'WS',
    } as never);
    return reply.type('text/html; charset=utf-8').send(page);
  });
  app.get('/', (_request: FastifyRequest, reply: FastifyReply) => reply.redirect('/graphiql'));
}

function answerError(
  { log }: Context,
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const known = asKnown(error);
  if (known) {
    const status = known.retryable ? 503 : known.code.endsWith('_NOT_FOUND') ? 404 : 422;
    return reply.status(status).send({ code: known.code, message: known.message });
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return reply.status(status).send({ code: 'BAD_REQUEST', message: error.message });
  log.error({ err: error, requestId: request.id }, 'A request failed for an unknown reason.');
  return reply.status(500).send({ code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' });
}
