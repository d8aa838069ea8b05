import 'reflect-metadata'; // before any decorated class is loaded, whichever import leads to one
import fastifyApollo from '@as-integrations/fastify';
import { type FastifyInstance, fastify } from 'fastify';
import type { Config } from '../config/config.js';
import type { Context } from '../context.js';
import { ConfigInvalid } from '../errors/configInvalid.js';
import { buildApiSchema } from '../graphql/buildSchema.js';
import { MAX_BODY_BYTES } from '../graphql/limits.js';
import { authenticates, createAuthenticate } from '../identity/authenticate.js';
import type { Caller } from '../identity/caller.js';
import { createPictureLinks } from '../identity/pictureLinks.js';
import { openRequest } from '../resolvers/request.js';
import { closeAfterLastAnswers, trackConnections } from './connections.js';
import { createApollo } from './createApollo.js';
import { guardRequests } from './guardRequests.js';
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

/** The time for a request's head, or anything at all, to arrive on a connection, and how often Node.js checks it. */
const HEAD_LIMITS = { headersTimeout: 10_000, connectionsCheckingInterval: 1000 };

/** `url`: where it listens, such as "http://127.0.0.1:4000". `close` resolves after the last answer has left. */
export type HttpServer = { url: string; close(): Promise<void> };

/**
 * Serves GraphQL and its subscriptions on /graphql, pictures on /images, STOW-RS on /dicom-web, FHIR on /fhir, notices on
 * /arrivals, health and metrics, and in development an explorer on /graphiql.
 * @throws ConfigInvalid when the port cannot be listened on.
 */
export async function startServer(context: Context): Promise<HttpServer> {
  const { config, log } = context;
  const app = createApp(config);
  const connections = trackConnections(app.server);
  const authenticate = createAuthenticate(config.identity);
  const links = createPictureLinks();
  const sign = authenticates(config.identity) ? links.sign : (_caller: Caller, path: string) => path;
  const schema = await buildApiSchema();
  const apollo = createApollo(app, context, schema);
  await apollo.start();
  await guardRequests(app, context, authenticate, links);
  await app.register(fastifyApollo(apollo), {
    context: async (request) => {
      const origin = config.publicUrl ?? `${request.protocol}://${request.host}`;
      const caller = request.caller as Caller; // /graphql answers only callers who are known
      return {
        ...openRequest(context, caller, request.ip, request.id),
        pictureUrl: (path) => origin + sign(caller, path),
      };
    },
  });
  serveRoutes(app, context);
  const api = { schema, authenticate, sign, onUpgrade: connections.spoke };
  const subscriptions = await serveSubscriptions(app.server, context, api);
  const url = await listen(app, config).catch(async (error) => {
    await subscriptions.close();
    throw error;
  });
  app.server.on('error', (error) => log.error({ err: error }, 'A connection could not be accepted.'));
  return {
    url,
    close: async () => {
      await subscriptions.close(); // first, because the server waits for its WebSockets
      await closeAfterLastAnswers(app, connections);
    },
  };
}

function createApp({ tls, trustedProxies }: Config): FastifyInstance {
  return fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 0, // a study sent by STOW-RS may take its time; limitArrival limits all other requests
    forceCloseConnections: 'idle',
    genReqId: requestIdOf,
    http: HEAD_LIMITS,
    return503OnClosing: false, // requests that had begun to arrive are answered, and /readyz says that the process ends
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    ...(tls && { https: { ...HEAD_LIMITS, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' as const } }),
  }) as FastifyInstance;
}

function serveRoutes(app: FastifyInstance, context: Context): void {
  readUploads(app);
  serveHealth(app, context);
  serveMetrics(app, context);
  serveImages(app, context);
  serveStow(app, context);
  serveNotices(app, context);
  serveFhir(app, context);
  if (!context.config.production) serveExplorer(app);
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  return app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES')
      throw new ConfigInvalid(`This account may not listen on port ${port}. Set PORT to 1024 or more.`);
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ConfigInvalid(
      `Port ${port} of ${host} is taken by another program, or by another MRIMaster. Stop that one, or set PORT to another number.`,
    );
  });
}
