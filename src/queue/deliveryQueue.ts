import { createHash } from 'node:crypto';
import { fromPrisma, type PgBoss } from 'pg-boss';
import type { Prisma } from '../generated/prisma/client.js';

export const DELIVER_WEBHOOK = 'deliver-webhook';

/** Payload of a delivery. `jobId`: the id of the job, and of the row of WebhookDelivery. */
export type Delivery = { jobId: string };

/** `since`: when it was queued. `signal` is aborted when this process is asked to stop. */
export type DeliveryAttempt = Delivery & { attempt: number; since: Date; signal: AbortSignal };

/** Deliveries to one receiver at the same time. A receiver that does not answer holds up no other one. */
const AT_ONCE = 2;

/** The group of jobs to one receiver, by a hash of its URL. */
export const groupOf = (url: string) => ({ id: createHash('sha256').update(url).digest('hex') });

export type DeliveryQueue = {
  /** Enqueues within the caller's transaction; one that ended before is queued anew. */
  send(tx: Prisma.TransactionClient, jobId: string, url: string): Promise<void>;
  /**
   * Starts delivering in this process, to so many receivers. What `deliver` throws makes it try again later.
   */
  work(receivers: number, deliver: (attempt: DeliveryAttempt) => Promise<void>): Promise<void>;
};

/** Webhooks that wait to be sent, in the queue that holds the studies. */
export async function openDeliveryQueue(boss: PgBoss, signal: AbortSignal): Promise<DeliveryQueue> {
  await boss.createQueue(DELIVER_WEBHOOK, {
    // After seconds at first, then every quarter of an hour; deliverWebhook.ts ends it when the day is over.
    retryLimit: 10_000,
    retryDelay: 2,
    retryBackoff: true,
    retryDelayMax: 900,
    heartbeatSeconds: 10,
    expireInSeconds: 60,
  });
  return {
    send: async (tx, jobId, url) => {
      const db = fromPrisma(tx);
      await boss.deleteJob(DELIVER_WEBHOOK, jobId, { db });
      await boss.send(DELIVER_WEBHOOK, { jobId } satisfies Delivery, { id: jobId, group: groupOf(url), db });
    },
    work: async (receivers, deliver) => {
      const options = {
        batchSize: 1,
        pollingIntervalSeconds: 1,
        localConcurrency: AT_ONCE * Math.max(1, receivers),
        localGroupConcurrency: AT_ONCE,
        includeMetadata: true,
      } as const;
      await boss.work<Delivery, void, typeof options>(DELIVER_WEBHOOK, options, async ([job]) => {
        if (job) await deliver({ ...job.data, attempt: job.retryCount + 1, since: job.createdOn, signal });
      });
    },
  };
}
