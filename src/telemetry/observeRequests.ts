import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../output/log.js';
import type { Metrics } from './metrics.js';

/** Routes that machines ask every few seconds. The log shows them only at level debug, unless they fail. */
const PROBES = ['/healthz', '/readyz', '/metrics'];

/**
 * Gives each response the id of its request, counts it, and logs one line: method, route, status and duration. The
 * route is the pattern that we wrote, never the URL, which holds UIDs and search terms.
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
    if (start === undefined) return; // the response was sent already
    const route = routeOf(request);
    const ms = performance.now() - start;
    metrics.httpRequests.observe({ route, status: 'aborted' }, ms / 1000);
    const line = { requestId: request.id, method: request.method, route, ms: Math.round(ms) };
    log.info(line, 'A request was given up by its caller.');
  });
}

/** @returns the pattern of a request's route; "none" where no route matches. */
export function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? 'none';
}
