import pTimeout from 'p-timeout';
import { Gauge, type Registry } from 'prom-client';
import type { PrismaClient } from '../generated/prisma/client.js';

const FRESH_MS = 5_000;
/** How long a scrape waits for the database. */
const PATIENCE_MS = 2_000;

/** `waiting`: seconds since the oldest of these jobs was queued. */
type JobCount = { kind: string; status: string; jobs: number; waiting: number };

/**
 * Adds gauges of the jobs in the database, those of every process that uses it. A scrape asks the database, every few
 * seconds at most. While the database does not answer, the gauges are absent, and mrimaster_database_up is 0.
 */
export function addQueueGauges(registry: Registry, prisma: PrismaClient): void {
  const read = keepFresh(() => countJobs(prisma));
  const add = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    fill: (gauge: Gauge<L>, rows: JobCount[] | null) => void,
  ) =>
    new Gauge({
      name: `mrimaster_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const rows = await read().catch(() => null);
        this.reset();
        fill(this, rows);
      },
    });
  add('database_up', 'Whether the database answers.', [], (gauge, rows) => gauge.set(rows ? 1 : 0));
  add(
    'jobs',
    'Jobs that are kept, by kind and status. QUEUED ones wait, for the first time or to be tried again.',
    ['kind', 'status'],
    (gauge, rows) => {
      for (const { kind, status, jobs } of rows ?? []) gauge.set({ kind, status }, jobs);
    },
  );
  add('jobs_oldest_waiting_seconds', 'Since when the oldest job that is QUEUED waits.', ['kind'], (gauge, rows) => {
    for (const { kind, status, waiting } of rows ?? []) if (status === 'QUEUED') gauge.set({ kind }, waiting);
  });
  const withheld = keepFresh(() => countWithheld(prisma));
  new Gauge({
    name: 'mrimaster_withheld_studies',
    help: 'Studies whose answer goes to nobody under a name, since it is not sure whose they are; by reason.',
    labelNames: ['reason'],
    registers: [registry],
    async collect() {
      const rows = await withheld().catch(() => []);
      this.reset();
      for (const { reason, studies } of rows) this.set({ reason }, studies);
    },
  });
}

function countWithheld(prisma: PrismaClient): Promise<{ reason: string; studies: number }[]> {
  return prisma.$queryRaw`
    SELECT "withheld"::text AS "reason", count(*)::int AS "studies" FROM "Study"
    WHERE "withheld" IS NOT NULL GROUP BY "withheld"`;
}

function countJobs(prisma: PrismaClient): Promise<JobCount[]> {
  return prisma.$queryRaw<JobCount[]>`
    SELECT "kind", "status"::text, count(*)::int AS "jobs",
      greatest(0, extract(epoch FROM now() - min("createdAt")))::float8 AS "waiting"
    FROM "Job" GROUP BY "kind", "status"`;
}

/** Wraps `load`: it runs once at a time, and its value is kept for a few seconds. */
function keepFresh<T>(load: () => Promise<T>): () => Promise<T> {
  let kept: { value: T; until: number } | undefined;
  let running: Promise<T> | undefined;
  return async () => {
    if (kept && performance.now() < kept.until) return kept.value;
    running ??= load()
      .then((value) => {
        kept = { value, until: performance.now() + FRESH_MS };
        return value;
      })
      .finally(() => {
        running = undefined;
      });
    return pTimeout(running, { milliseconds: PATIENCE_MS });
  };
}
