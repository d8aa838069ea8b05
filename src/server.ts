import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { ConfigInvalid } from './config.js';
import type { Context } from './context.js';
import { asKnown, formatError } from './formatError.js';
import { serveImages } from './imageRoutes.js';
import { INTENDED_USE } from './intendedUse.js';
import { createLoaders } from './resolvers/loaders.js';
import type { Request } from './resolvers/request.js';
import { buildApiSchema } from './schema/buildSchema.js';
import { serveStow } from './stowRoutes.js';

const MAX_BODY_BYTES = 256 * 1024;
const MAX_TOKENS = 2000;
const REQUEST_TIMEOUT_MS = 10_000;
const REFUSAL_ARRIVES_MS = 1000;
const LAST_ANSWERS_MS = 20_000;

export type HttpServer = { url: string; close(): Promise<void> };

/** GraphQL on /graphql, pictures on /images, STOW-RS on /dicom-web, and in development an explorer on /graphiql. */
export async function startServer(program: Context): Promise<HttpServer> {
  const { config, log, prisma } = program;
  // No time limit for whole requests: a study sent by STOW-RS may take its time, see limitArrival for all others.
  const app = fastify({ bodyLimit: MAX_BODY_BYTES, requestTimeout: 0, forceCloseConnections: 'idle' });
  const apollo = new ApolloServer<Request>({
    schema: await buildApiSchema(),
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
  // A page of another site may let its own name point at this machine; it then reads what a browser here may read.
  const hosts = ['localhost', '127.0.0.1', '[::1]', ...(config.publicUrl ? [new URL(config.publicUrl).hostname] : [])];
  app.addHook('onRequest', async (request, reply) => {
    if (hosts.includes(request.host.replace(/:\d+$/, ''))) return;
    const message = 'This server does not answer for that host. Set PUBLIC_URL to the address that callers use.';
    return reply.status(421).send({ code: 'HOST_REFUSED', message });
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
  if (!config.production) await serveExplorer(app);
  const url = await app.listen({ host: config.host, port: config.port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES')
      throw new ConfigInvalid(`This account may not listen on port ${config.port}. Set PORT to 1024 or more.`);
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ConfigInvalid(
      `Port ${config.port} of ${config.host} is taken by another program. Stop that one, or set PORT to another number.`,
    );
  });
  return { url, close: () => close(app) };
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
    const page = renderGraphiQL({ endpoint: '/graphql', title: 'MRIMaster – research use only' } as never);
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
