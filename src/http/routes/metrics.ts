import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.js';

/** Serves GET /metrics in the text format of Prometheus. */
export function serveMetrics(app: FastifyInstance, { metrics: { registry } }: Pick<Context, 'metrics'>): void {
  app.get('/metrics', { config: { demand: 'operate' } }, async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type(registry.contentType)
      .send(await registry.metrics()),
  );
}
