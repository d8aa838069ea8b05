import type { PrismaClient } from '../generated/prisma/client.js';

/**
 * Makes due what pg-boss has put off further than it ever does: the clock of the database, by which it counts, was
 * ahead and has been set back. pg-boss documents its tables and columns; no call of it does this.
 * @param toleranceSeconds what lies no more than this too far ahead was set a moment ago, and no clock jumped.
 */
export async function mendQueueTimers(
  prisma: Pick<PrismaClient, '$executeRaw'>,
  toleranceSeconds: number,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE pgboss.job SET start_after = now()
    WHERE state IN ('created', 'retry') AND start_after > now() + make_interval(secs =>
      ${toleranceSeconds} + least(coalesce(retry_delay_max, 900), greatest(retry_delay, 1) * 2 ^ least(16, retry_count)))`;
  await prisma.$executeRaw`
    UPDATE pgboss.job SET heartbeat_on = now()
    WHERE state = 'active' AND heartbeat_on > now() + make_interval(secs => ${toleranceSeconds})`;
  await prisma.$executeRaw`
    UPDATE pgboss.queue SET monitor_on = NULL, monitor_claim_on = NULL, maintain_on = NULL
    WHERE greatest(monitor_on, monitor_claim_on, maintain_on) > now() + make_interval(secs => ${toleranceSeconds})`;
}
