import type { ClientConfig } from 'pg';
import { type ConstructorOptions, fromPrisma, PgBoss } from 'pg-boss';
import { Interrupted } from '../errors/errors.js';
import type { Prisma } from '../generated/prisma/client.js';
import type { Log } from '../output/log.js';
import { DELIVER_WEBHOOK, type Delivery, type DeliveryQueue, openDeliveryQueue } from './deliveryQueue.js';

export const CLASSIFY_STUDY = 'classify-study';
export const WRITE_BACK = 'write-back';
/** Where pg-boss puts what it will not try again. */
const givenUp = (queue: string) => `${queue}-given-up`;

/** ASKED: routine for which somebody waits; it goes before what comes with nobody asking. */
export type Priority = 'STAT' | 'ASKED' | 'ROUTINE' | 'BACKLOG';
export type StudyJob = { studyInstanceUid: string; pacs: string | null; force: boolean };
/** What a job of another trace goes on in; see src/telemetry/tracing.ts. */
type Traced = { traceparent?: string | undefined };
const PRIORITIES: Record<Priority, number> = { STAT: 20, ASKED: 15, ROUTINE: 10, BACKLOG: 0 };
const STOP_TIMEOUT_MS = 20_000;
const STUDIES_AT_ONCE = 2;

/** One revision of a study's answer, to one archive. */
export type WriteBackJob = { studyId: string; modelId: string; revision: number; pacs: string };

/** `jobId` travels in the payload, because a job that was given up gets a new id in its dead-letter queue. */
type Sent<Work> = Work & Traced & { jobId: string };

type Handlers<Work> = {
  /** `signal` is aborted when this process is asked to stop. */
  run(job: Sent<Work> & { attempt: number }, signal: AbortSignal): Promise<void>;
  /** Called once when a job will not be tried again. */
  giveUp(job: Sent<Work>): Promise<void>;
};
export type StudyHandlers = Handlers<StudyJob>;
export type WriteBackHandlers = Handlers<WriteBackJob>;

/** BUSY: the queue holds other work for the same study. FORGOTTEN: nobody knows what the job was to do. */
export type Resent = 'SENT' | 'BUSY' | 'FORGOTTEN';

/** Durable jobs in the same PostgreSQL as everything else. */
export type Queue = {
  /**
   * Enqueues within the caller's transaction: the job exists if and only if that commits.
   * @returns false when the study has a job waiting or running already.
   */
  sendStudy(tx: Prisma.TransactionClient, jobId: string, job: StudyJob & Traced, priority: Priority): Promise<boolean>;
  /** Makes a waiting job more urgent, and one by force. @returns false where `force` comes too late: it runs without. */
  raiseStudy(tx: Prisma.TransactionClient, jobId: string, force: boolean, priority: Priority): Promise<boolean>;
  /**
   * Queues a job that ended once more, under its id, with its payload and priority, which pg-boss keeps for a week.
   * @param otherwise the payload where nothing is kept any more.
   */
  resend(
    tx: Prisma.TransactionClient,
    kind: string,
    jobId: string,
    otherwise: StudyJob | Delivery | null,
  ): Promise<Resent>;
  /** Starts working in this process, two studies at a time. */
  work(handlers: StudyHandlers): Promise<void>;
  /**
   * As sendStudy, as urgent as the study's own job `after` was.
   * @returns false where this very write-back waits or runs already.
   */
  sendWriteBack(
    tx: Prisma.TransactionClient,
    jobId: string,
    job: WriteBackJob & Traced,
    after: string | undefined,
  ): Promise<boolean>;
  /** Starts writing back in this process. Apart from classifying: an archive that is down holds up no study. */
  workWriteBacks(handlers: WriteBackHandlers): Promise<void>;
  /** What is told to receivers of webhooks. */
  deliveries: DeliveryQueue;
  /** Takes no more work in this process until it is asked to again; what is at hand is finished. */
  pause(): Promise<void>;
  /** Aborted when this process is asked to stop. */
  signal: AbortSignal;
  close(): Promise<void>;
};

export async function openQueue(connection: ClientConfig, log: Log): Promise<Queue> {
  const stopping = new AbortController();
  const boss = new PgBoss({
    ...(connection as ConstructorOptions),
    application_name: 'mrimaster',
    max: 4,
    // How soon the job of a killed process is noticed after its heartbeat has lapsed: both, by pg-boss's design.
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
    schedule: false,
  });
  boss.on('error', (error) => log.error({ err: error }, 'The queue met an error; it goes on.'));
  await boss.start();
  const policy = {
    policy: 'exclusive' as const, // one waiting or running job a study
    // Quickly at first, then every five minutes: an archive may be down for a day.
    retryLimit: 300,
    retryDelay: 2,
    retryBackoff: true,
    retryDelayMax: 300,
    heartbeatSeconds: 10, // the least that pg-boss allows
    expireInSeconds: 12 * 3600,
  };
  for (const name of [CLASSIFY_STUDY, WRITE_BACK]) {
    await boss.createQueue(givenUp(name));
    await boss.createQueue(name, { ...policy, deadLetter: givenUp(name) });
  }
  async function workOff<Work extends object>(name: string, { run, giveUp }: Handlers<Work>, atOnce: number) {
    const polling = {
      batchSize: 1,
      pollingIntervalSeconds: 0.5,
      localConcurrency: atOnce,
      includeMetadata: true,
    } as const;
    await boss.work<Sent<Work>, void, typeof polling>(name, polling, async ([job]) => {
      if (job) await run({ ...job.data, attempt: job.retryCount + 1 }, stopping.signal);
    });
    await boss.work<Sent<Work>>(givenUp(name), { batchSize: 1, pollingIntervalSeconds: 2 }, async ([job]) => {
      if (job) await giveUp(job.data);
    });
  }
  return {
    deliveries: await openDeliveryQueue(boss, stopping.signal),
    sendStudy: async (tx, jobId, job, priority) => {
      const payload: Sent<StudyJob> = { ...job, jobId };
      const id = await boss.send(CLASSIFY_STUDY, payload, {
        id: jobId,
        singletonKey: job.studyInstanceUid,
        priority: PRIORITIES[priority],
        db: fromPrisma(tx),
      });
      return id !== null;
    },
    raiseStudy: async (tx, jobId, force, priority) => {
      // pg-boss has no call for it; its table and columns are documented.
      const changed = await tx.$executeRaw`
        UPDATE pgboss.job SET priority = greatest(priority, ${PRIORITIES[priority]}),
          data = CASE WHEN ${force} THEN jsonb_set(data, '{force}', 'true') ELSE data END
        WHERE id = ${jobId}::uuid AND name = ${CLASSIFY_STUDY}
          AND (state < 'active' OR NOT ${force} OR data @> '{"force": true}')`;
      return changed > 0;
    },
    resend: async (tx, kind, jobId, otherwise) => {
      const db = fromPrisma(tx);
      const [kept] = await boss.findJobs<object>(kind, { id: jobId, db });
      if (kept?.state === 'active') return 'BUSY'; // it has just ended, and the queue is about to learn so
      const data = kept?.data ?? (otherwise && { ...otherwise, jobId });
      if (!data) return 'FORGOTTEN';
      const singletonKey =
        kept?.singletonKey ?? (otherwise && 'studyInstanceUid' in otherwise && otherwise.studyInstanceUid);
      await boss.deleteJob(kind, jobId, { db });
      const priority = kept?.priority ?? PRIORITIES.ROUTINE;
      const group = kept?.groupId ? { group: { id: kept.groupId } } : {};
      const id = await boss.send(kind, data, {
        id: jobId,
        ...(singletonKey && { singletonKey }),
        ...group,
        priority,
        db,
      });
      return id === null ? 'BUSY' : 'SENT';
    },
    // While one study's slices are in the model, the other's are decoded, stored or fetched.
    work: (handlers) => workOff(CLASSIFY_STUDY, handlers, STUDIES_AT_ONCE),
    sendWriteBack: async (tx, jobId, job, after) => {
      const singletonKey = `${job.studyId} ${job.modelId} ${job.revision} ${job.pacs}`;
      const payload: Sent<WriteBackJob> = { ...job, jobId };
      const db = fromPrisma(tx);
      const [study] = after === undefined ? [] : await boss.findJobs<object>(CLASSIFY_STUDY, { id: after, db });
      const priority = study?.priority ?? PRIORITIES.ROUTINE;
      return (await boss.send(WRITE_BACK, payload, { id: jobId, singletonKey, priority, db })) !== null;
    },
    workWriteBacks: (handlers) => workOff(WRITE_BACK, handlers, 1),
    pause: async () => {
      const names = [CLASSIFY_STUDY, WRITE_BACK].flatMap((name) => [name, givenUp(name)]);
      for (const name of [...names, DELIVER_WEBHOOK]) await boss.offWork(name, { wait: false });
    },
    signal: stopping.signal,
    close: () => {
      stopping.abort(new Interrupted('MRIMaster was stopped. The job goes on when it runs again.'));
      return boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS });
    },
  };
}
