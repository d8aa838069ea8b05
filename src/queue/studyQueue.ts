import { fromPrisma, type PgBoss } from 'pg-boss';
import type { Prisma } from '../generated/prisma/client.js';
import { createDurableQueue, stopTaking, workOff } from './durableQueue.js';
import type { Handlers, Payload, Traced } from './handlers.js';
import { PRIORITIES, type Priority } from './priority.js';

/** The kind of a job that classifies a study. */
export const CLASSIFY_STUDY = 'classify-study';
/** While one study's slices are in the model, the other's are decoded, stored or fetched. */
const STUDIES_AT_ONCE = 2;

/**
 * `pacs`: the archive to pull from first; null where the study is here. `force`: classify again what has a prediction.
 */
export type StudyJob = { studyInstanceUid: string; pacs: string | null; force: boolean };
export type StudyHandlers = Handlers<StudyJob>;

/** Studies that wait to be classified. */
export type StudyQueue = {
  /**
   * Enqueues within the caller's transaction: the job exists if and only if that commits.
   * @returns false when the study has a job waiting or running already.
   */
  send(tx: Prisma.TransactionClient, jobId: string, job: StudyJob & Traced, priority: Priority): Promise<boolean>;
  /**
   * Makes a waiting job more urgent, and one by force. @returns false where `force` comes too late: it runs without.
   */
  raise(tx: Prisma.TransactionClient, jobId: string, force: boolean, priority: Priority): Promise<boolean>;
  /** Starts working in this process. */
  work(handlers: StudyHandlers): Promise<void>;
  /** Takes no more jobs in this process; those at hand are finished. */
  pause(): Promise<void>;
};

/** Opens the queue of studies; `signal` is handed to each job. */
export async function openStudyQueue(boss: PgBoss, signal: AbortSignal): Promise<StudyQueue> {
  await createDurableQueue(boss, CLASSIFY_STUDY);
  return {
    send: async (tx, jobId, job, priority) => {
      const payload: Payload<StudyJob> = { ...job, jobId };
      const id = await boss.send(CLASSIFY_STUDY, payload, {
        id: jobId,
        singletonKey: job.studyInstanceUid,
        priority: PRIORITIES[priority],
        db: fromPrisma(tx),
      });
      return id !== null;
    },
    raise: async (tx, jobId, force, priority) => {
      // pg-boss has no call for it; its table and columns are documented.
      const changed = await tx.$executeRaw`
        UPDATE pgboss.job SET priority = greatest(priority, ${PRIORITIES[priority]}),
          data = CASE WHEN ${force} THEN jsonb_set(data, '{force}', 'true') ELSE data END
        WHERE id = ${jobId}::uuid AND name = ${CLASSIFY_STUDY}
          AND (state < 'active' OR NOT ${force} OR data @> '{"force": true}')`;
      return changed > 0;
    },
    work: (handlers) => workOff(boss, CLASSIFY_STUDY, handlers, { atOnce: STUDIES_AT_ONCE, signal }),
    pause: () => stopTaking(boss, CLASSIFY_STUDY),
  };
}
