import { fromPrisma, type PgBoss } from 'pg-boss';
import type { Prisma } from '../generated/prisma/client.js';
import type { Delivery } from './deliveryQueue.js';
import { PRIORITIES } from './priority.js';
import type { StudyJob } from './studyQueue.js';

/** BUSY: the queue holds other work for the same study. FORGOTTEN: nobody knows what the job was to do. */
export type Resent = 'SENT' | 'BUSY' | 'FORGOTTEN';

/**
 * Queues a job that ended once more, under its id, with its payload and priority, which pg-boss keeps for a week.
 * @param otherwise the payload where nothing is kept any more; null: then the job is forgotten.
 */
export async function resend(
  boss: PgBoss,
  tx: Prisma.TransactionClient,
  kind: string,
  jobId: string,
  otherwise: StudyJob | Delivery | null,
): Promise<Resent> {
  const db = fromPrisma(tx);
  const [kept] = await boss.findJobs<object>(kind, { id: jobId, db });
  if (kept?.state === 'active') return 'BUSY'; // it has just ended, and the queue is about to learn so
  const data = kept?.data ?? (otherwise && { ...otherwise, jobId });
  if (!data) return 'FORGOTTEN';
  const singletonKey =
    kept?.singletonKey ?? (otherwise && 'studyInstanceUid' in otherwise && otherwise.studyInstanceUid);
  await boss.deleteJob(kind, jobId, { db });
  const id = await boss.send(kind, data, {
    id: jobId,
    ...(singletonKey && { singletonKey }),
    ...(kept?.groupId && { group: { id: kept.groupId } }),
    priority: kept?.priority ?? PRIORITIES.ROUTINE,
    db,
  });
  return id === null ? 'BUSY' : 'SENT';
}
