import type { FastifyInstance, FastifyRequest } from 'fastify';
import { routeOf } from './observeRequests.js';
import { NO_TRACING, type OpenSpan, type Tracing } from './tracing.js';

/** Opens a span for each request, below the caller's where it names one, and on /graphql another for the operation. */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  if (tracing === NO_TRACING) return;
  const spans = new WeakMap<FastifyRequest, { request: OpenSpan; operation?: OpenSpan }>();
  app.addHook('onRequest', async (request) => {
    const { method, headers } = request;
    const route = routeOf(request);
    const attributes = { 'http.request.method': method, 'http.route': route };
    const traceparent = typeof headers.traceparent === 'string' ? headers.traceparent : undefined;
    spans.set(request, { request: tracing.start(`${method} ${route}`, attributes, traceparent) });
  });
  // After the body has come: its arrival runs outside this chain of asynchronous calls.
  app.addHook('preHandler', (request, _reply, done) => {
    const open = spans.get(request);
    if (!open) return done();
    open.request.run(() => {
      if (routeOf(request) !== '/graphql') return done();
      open.operation = tracing.start('graphql', {});
      open.operation.run(done);
    });
  });
  app.addHook('onRequestAbort', async (request) => {
    const open = spans.get(request);
    open?.operation?.end('ABORTED');
    open?.request.end('ABORTED');
  });
  app.addHook('onResponse', async (request, { statusCode }) => {
    const open = spans.get(request);
    open?.operation?.end();
    open?.request.end(statusCode, { 'http.response.status_code': statusCode });
  });
}
