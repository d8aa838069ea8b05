import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.js';

/**
 * For supervisors and load balancers. GET /healthz: this process lives, whatever it lacks; one that does not answer is to
 * be restarted. GET /readyz: it can work; 503 names what is missing, and no restart of this process is asked for.
 */
export function serveHealth(app: FastifyInstance, { readiness }: Pick<Context, 'readiness'>): void {
  app.get('/healthz', { config: { demand: 'ANYBODY' } }, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'alive' }),
  );
  app.get('/readyz', { config: { demand: 'ANYBODY' } }, async (_request, reply) => {
    const missing = await readiness.missing();
    reply.header('cache-control', 'no-store');
    if (missing.length === 0) return reply.send({ status: 'ready' });
    return reply.status(503).send({ status: 'not ready', missing });
  });
}
