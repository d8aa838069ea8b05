import type { Context } from '../context.js';
import { Interrupted, MrimasterError, WebhookNotConfigured, WebhookUndelivered } from '../errors/errors.js';
import type { WebhookDelivery } from '../generated/prisma/client.js';
import { requireFitness } from '../jobs/runJob.js';
import { DELIVER_WEBHOOK, type DeliveryAttempt } from '../queue/deliveryQueue.js';
import { observeJob } from '../telemetry/observeJob.js';
import type { ReceiverCircuits } from './receiverCircuits.js';
import { signWebhook } from './signWebhook.js';

const ANSWER_MS = 10_000;
const GIVE_UP_MS = 24 * 3600 * 1000;

/**
 * Sends one webhook, and keeps its job's row, which clients see, up to date. After a day of failed attempts the job is
 * FAILED with the last error; `retryJob` sends the webhook again.
 * @throws the error of a failed attempt, so that the queue tries again.
 */
export async function deliverWebhook(
  context: Context,
  { jobId, attempt, since, signal }: DeliveryAttempt,
  circuits: ReceiverCircuits,
): Promise<void> {
  const { config, log, prisma } = context;
  await requireFitness(context);
  const delivery = await prisma.webhookDelivery.findUnique({ where: { id: jobId } });
  if (!delivery) return; // the study was deleted
  const update = (data: Parameters<typeof prisma.job.updateMany>[0]['data']) =>
    prisma.job.updateMany({ where: { id: jobId }, data });
  await update({ status: 'RUNNING', attempts: attempt, startedAt: new Date(), error: null });
  try {
    if (!config.webhooks.urls.includes(delivery.url))
      throw new WebhookNotConfigured(
        'WEBHOOK_URL no longer names this receiver. Enter it again and retry, or leave it.',
      );
    const pause = circuits.pause(delivery.url);
    if (pause > 0)
      throw new WebhookUndelivered(
        `${new URL(delivery.url).host} accepted none of the last webhooks. The next one is sent in ${pause} s; see that it runs.`,
      );
    await observeJob(context, { kind: DELIVER_WEBHOOK, jobId, attempt }, () =>
      post(delivery, config.webhooks.secret, signal).then(
        () => circuits.worked(delivery.url),
        (error) => {
          if (error instanceof WebhookUndelivered) circuits.failed(delivery.url);
          throw error;
        },
      ),
    );
  } catch (error) {
    if (!(error instanceof MrimasterError)) throw error;
    const { code, message, retryable } = error;
    log.warn({ jobId, attempt, code, receiver: new URL(delivery.url).host }, 'A webhook was not delivered.');
    const hopeless = !retryable || Date.now() - since.getTime() > GIVE_UP_MS;
    if (hopeless) return void (await update({ status: 'FAILED', error: message, finishedAt: new Date() }));
    await update({ status: 'QUEUED', error: message });
    throw error; // the queue tries again later
  }
  await prisma.$transaction([
    prisma.webhookDelivery.update({ where: { id: jobId }, data: { deliveredAt: new Date() } }),
    update({ status: 'SUCCEEDED', progress: 1, finishedAt: new Date() }),
  ]);
}

/** POSTs the message. Redirects are not followed, since they could send it to anyone. */
async function post({ body, contentType, eventId, type, url }: WebhookDelivery, secret: string, signal: AbortSignal) {
  const { host } = new URL(url);
  const timeout = AbortSignal.timeout(ANSWER_MS);
  const headers = {
    'content-type': contentType,
    'user-agent': 'MRIMaster',
    'x-mrimaster-event': type,
    'x-mrimaster-event-id': eventId,
    'x-mrimaster-signature': signWebhook(body, secret, Math.floor(Date.now() / 1000)),
  };
  let status: number;
  try {
    const stop = AbortSignal.any([timeout, signal]);
    const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal: stop });
    status = response.status;
    await response.body?.cancel(); // its body is not needed
  } catch (error) {
    if (signal.aborted) throw new Interrupted('MRIMaster was stopped. The webhook is sent when it runs again.');
    if (timeout.aborted) throw new WebhookUndelivered(`${host} did not answer within ${ANSWER_MS / 1000} s.`);
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    throw new WebhookUndelivered(
      `${host} cannot be reached (${code ?? 'no reason given'}). Check WEBHOOK_URL and that it runs.`,
    );
  }
  if (status >= 200 && status < 300) return;
  const redirects = status >= 300 && status < 400;
  throw new WebhookUndelivered(
    redirects
      ? `${host} redirects (HTTP ${status}), which is not followed. Set WEBHOOK_URL to the final address.`
      : `${host} answered HTTP ${status}. Anything from 200 to 299 says that it has the event.`,
  );
}
