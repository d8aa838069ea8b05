import { randomUUID } from 'node:crypto';
import type { Prisma, PrismaClient, WebhookDelivery } from '../generated/prisma/client.js';
import { DELIVER_WEBHOOK } from '../queue/deliveryQueue.js';
import type { Queue } from '../queue/queue.js';

/**
 * Queues every event since a time once more, as it was, to each of `urls`, also to receivers that were not told of it then.
 * What waits or is being sent already stays as it is.
 * @returns how many events.
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
      const told = await tx.webhookDelivery.findMany({ where: { eventId } });
      for (const url of urls) {
        const id = await renew(tx, told, url);
        if (id) await queue.deliveries.send(tx, id, url);
      }
    });
  return events.length;
}

/** @returns the id of the delivery to send; undefined for one that waits already. */
async function renew(tx: Prisma.TransactionClient, told: WebhookDelivery[], url: string): Promise<string | undefined> {
  const known = told.find((delivery) => delivery.url === url);
  if (known) {
    const again = { status: 'QUEUED' as const, attempts: 0, progress: 0, startedAt: null, finishedAt: null };
    const ended = { id: known.id, status: { in: ['SUCCEEDED' as const, 'FAILED' as const] } };
    const { count } = await tx.job.updateMany({ where: ended, data: again });
    return count > 0 ? known.id : undefined;
  }
  const { studyId, ...event } = told[0] as WebhookDelivery;
  const id = randomUUID();
  await tx.job.create({ data: { id, kind: DELIVER_WEBHOOK, studyId } });
  await tx.webhookDelivery.create({ data: { ...event, id, studyId, url, deliveredAt: null } });
  return id;
}
