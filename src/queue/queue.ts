import type { ClientConfig } from 'pg';
import { type ConstructorOptions, PgBoss } from 'pg-boss';
import { Interrupted } from '../errors/errors.js';
import type { Prisma } from '../generated/prisma/client.js';
import type { Log } from '../output/log.js';
import { DELIVER_WEBHOOK, type Delivery, type DeliveryQueue, openDeliveryQueue } from './deliveryQueue.js';
import { type Resent, resend } from './resend.js';
import { openStudyQueue, type StudyJob, type StudyQueue } from './studyQueue.js';
import { openWriteBackQueue, type WriteBackQueue } from './writeBackQueue.js';

const STOP_TIMEOUT_MS = 20_000;

/** Durable jobs in the same PostgreSQL as everything else. */
export type Queue = {
  studies: StudyQueue;
  writeBacks: WriteBackQueue;
  /** Webhooks. */
  deliveries: DeliveryQueue;
  /** See resend.ts. */
  resend(
    tx: Prisma.TransactionClient,
    kind: string,
    jobId: string,
    otherwise: StudyJob | Delivery | null,
  ): Promise<Resent>;
  /** Takes no more jobs in this process until it is asked to work again; those at hand are finished. */
  pause(): Promise<void>;
  /** Aborted when this process is asked to stop. */
  signal: AbortSignal;
  close(): Promise<void>;
};

/** Opens pg-boss on the given connection, and makes its tables and queues where they are not there yet. */
export async function openQueue(connection: ClientConfig, log: Log): Promise<Queue> {
  const stopping = new AbortController();
  const { signal } = stopping;
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
  const studies = await openStudyQueue(boss, signal);
  const writeBacks = await openWriteBackQueue(boss, signal);
  const deliveries = await openDeliveryQueue(boss, signal);
  return {
    studies,
    writeBacks,
    deliveries,
    resend: (tx, kind, jobId, otherwise) => resend(boss, tx, kind, jobId, otherwise),
    pause: async () => {
      await studies.pause();
      await writeBacks.pause();
      await boss.offWork(DELIVER_WEBHOOK, { wait: false });
    },
    signal,
    close: () => {
      stopping.abort(new Interrupted('MRIMaster was stopped. The job goes on when it runs again.'));
      return boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS });
    },
  };
}
