import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../output/log.js';
import type { Metrics } from './metrics.js';

/** Asked every few seconds by machines: of no interest where they succeed. */
const PROBES = ['/healthz', '/readyz', '/metrics'];

/**
 * Each answer carries the id of its request, is counted, and leaves one line in the log: method, route, status and
 * duration. The route is the pattern that we wrote, never the URL, which holds UIDs and what was searched for.
 */
export function observeRequests(app: FastifyInstance, { log, metrics }: { log: Log; metrics: Metrics }): void {
  const began = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', async (request, reply) => {
    began.set(request, performance.now());
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    began.delete(request);
    const route = routeOf(request);
    const { statusCode: status, elapsedTime } = reply;
    metrics.httpRequests.observe({ route, status: `${Math.floor(status / 100)}xx` }, elapsedTime / 1000);
    const level = PROBES.includes(route) && status < 500 ? 'debug' : 'info';
    const line = { requestId: request.id, method: request.method, route, status, ms: Math.round(elapsedTime) };
    log[level](line, 'A request was answered.');
  });
  app.addHook('onRequestAbort', async (request) => {
    const start = began.get(request);
    if (start === undefined) return; // it was answered
    const route = routeOf(request);
    const ms = performance.now() - start;
    metrics.httpRequests.observe({ route, status: 'aborted' }, ms / 1000);
    const line = { requestId: request.id, method: request.method, route, ms: Math.round(ms) };
    log.info(line, 'A request was given up by its caller.');
  });
}

/** "none" for what no route is for. */
export function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? 'none';
}
