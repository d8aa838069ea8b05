import { fromPrisma, type PgBoss } from 'pg-boss';
import type { Prisma } from '../generated/prisma/client.js';
import { createDurableQueue, stopTaking, workOff } from './durableQueue.js';
import type { Handlers, Payload, Traced } from './handlers.js';
import { PRIORITIES } from './priority.js';
import { CLASSIFY_STUDY } from './studyQueue.js';

/** The kind of a job that writes an answer back to an archive. */
export const WRITE_BACK = 'write-back';

/** One revision of a study's answer, to one archive. */
export type WriteBackJob = { studyId: string; modelId: string; revision: number; pacs: string };
export type WriteBackHandlers = Handlers<WriteBackJob>;

/** Answers that wait to be written back. A queue of its own, so that an archive that is down holds up no study. */
export type WriteBackQueue = {
  /**
   * Enqueues within the caller's transaction, as urgent as the study's job `after` was; undefined: as routine.
   * @returns false where this very write-back waits or runs already.
   */
  send(
    tx: Prisma.TransactionClient,
    jobId: string,
    job: WriteBackJob & Traced,
    after: string | undefined,
  ): Promise<boolean>;
  /** Starts working in this process. */
  work(handlers: WriteBackHandlers): Promise<void>;
  /** Takes no more jobs in this process; those at hand are finished. */
  pause(): Promise<void>;
};

/** Opens the queue of write-backs; `signal` is handed to each job. */
export async function openWriteBackQueue(boss: PgBoss, signal: AbortSignal): Promise<WriteBackQueue> {
  await createDurableQueue(boss, WRITE_BACK);
  return {
    send: async (tx, jobId, job, after) => {
      const singletonKey = `${job.studyId} ${job.modelId} ${job.revision} ${job.pacs}`;
      const payload: Payload<WriteBackJob> = { ...job, jobId };
      const db = fromPrisma(tx);
      const [study] = after === undefined ? [] : await boss.findJobs<object>(CLASSIFY_STUDY, { id: after, db });
      const priority = study?.priority ?? PRIORITIES.ROUTINE;
      return (await boss.send(WRITE_BACK, payload, { id: jobId, singletonKey, priority, db })) !== null;
    },
    work: (handlers) => workOff(boss, WRITE_BACK, handlers, { atOnce: 1, signal }),
    pause: () => stopTaking(boss, WRITE_BACK),
  };
}
