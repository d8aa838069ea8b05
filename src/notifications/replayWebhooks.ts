import { randomUUID } from 'node:crypto';
import type { Prisma, PrismaClient, WebhookDelivery } from '../generated/prisma/client.js';
import { DELIVER_WEBHOOK } from '../queue/deliveryQueue.js';
import type { Queue } from '../queue/queue.js';

/**
 * Queues every event since a time once more, unchanged, to each of `urls`, also to receivers that did not get it then.
 * Deliveries that wait or are being sent stay as they are.
 * @returns the number of events.
 */
export async function replayWebhooks(
  { prisma, queue }: { prisma: PrismaClient; queue: Queue },
  since: Date,
  urls: readonly string[],
): Promise<number> {
  const events = await prisma.webhookDelivery.findMany({
    where: { createdAt: { gte: since } },
    distinct: ['eventId'],
    orderBy: { createdAt: 'asc' },
    select: { eventId: true },
  });
  for (const { eventId } of events)
    await prisma.$transaction(async (tx) => {
      const deliveries = await tx.webhookDelivery.findMany({ where: { eventId } });
      for (const url of urls) {
        const id = await renew(tx, deliveries, url);
        if (id) await queue.deliveries.send(tx, id, url);
      }
    });
  return events.length;
}

/** @returns the id of the delivery to send; undefined where one waits already. */
async function renew(
  tx: Prisma.TransactionClient,
  deliveries: WebhookDelivery[],
  url: string,
): Promise<string | undefined> {
  const known = deliveries.find((delivery) => delivery.url === url);
  if (known) {
    const again = { status: 'QUEUED' as const, attempts: 0, progress: 0, startedAt: null, finishedAt: null };
    const ended = { id: known.id, status: { in: ['SUCCEEDED' as const, 'FAILED' as const] } };
    const { count } = await tx.job.updateMany({ where: ended, data: again });
    return count > 0 ? known.id : undefined;
  }
  const { studyId, ...event } = deliveries[0] as WebhookDelivery;
  const id = randomUUID();
  await tx.job.create({ data: { id, kind: DELIVER_WEBHOOK, studyId } });
  await tx.webhookDelivery.create({ data: { ...event, id, studyId, url, deliveredAt: null } });
  return id;
}
