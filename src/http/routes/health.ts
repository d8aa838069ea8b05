import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.js';

/**
 * Serves two probes for supervisors and load balancers. GET /healthz answers while the process lives, whatever it lacks; a
 * process that does not answer has to be restarted. GET /readyz answers 200 when the process can work, and else 503 with
 * what is missing, which no restart would cure.
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
