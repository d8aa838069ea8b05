import { fastify } from 'fastify';
import type { Context } from '../context.js';
import { ConfigInvalid } from '../errors/configInvalid.js';
import { serveHealth } from './routes/health.js';
import { serveMetrics } from './routes/metrics.js';
import type { HttpServer } from './server.js';

/**
 * Serves health and metrics of a worker on METRICS_PORT.
 * @returns undefined if METRICS_PORT is not set.
 * @throws ConfigInvalid if the port cannot be listened on: each worker of a machine needs its own.
 */
export async function startProbes(context: Context): Promise<HttpServer | undefined> {
  const { host, metricsPort: port } = context.config;
  if (port === null) return undefined;
  const app = fastify({ forceCloseConnections: true });
  serveHealth(app, context);
  serveMetrics(app, context);
  try {
    const url = await app.listen({ host, port });
    return { url, close: () => app.close() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    throw new ConfigInvalid(
      `METRICS_PORT ${port} of ${host} cannot be had (${code}). Give each worker a free one of its own, or leave it out.`,
    );
  }
}
