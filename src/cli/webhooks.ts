import { readConfig } from '../config/config.js';
import { openDatabase } from '../database/database.js';
import { OptionInvalid, WebhookNotConfigured } from '../errors/errors.js';
import { replayWebhooks } from '../notifications/replayWebhooks.js';
import { counted, isOrAre } from '../output/counted.js';
import { createLog } from '../output/log.js';
import { terminal } from '../output/terminal.js';
import { openQueue } from '../queue/queue.js';

/** `mrimaster webhooks replay --since TIME`: queues webhooks again, which the running server sends. */
export async function replay({ since }: { since: string }): Promise<void> {
  const time = new Date(since);
  if (!/^\d{4}-\d\d-\d\d/.test(since) || Number.isNaN(time.getTime()))
    throw new OptionInvalid(`--since must be a time like 2026-11-25T08:00:00Z, not "${since}".`);
  const config = readConfig();
  const { urls } = config.webhooks;
  if (urls.length === 0) throw new WebhookNotConfigured('WEBHOOK_URL is not set: there is nobody to send to.');
  const log = createLog('warn');
  const database = await openDatabase(config, 'tool', log);
  try {
    const queue = await openQueue(database.connection, log);
    try {
      const count = await replayWebhooks({ prisma: database.prisma, queue }, time, urls);
      terminal.log(
        `${counted(count, 'event')} since ${time.toISOString()} ${isOrAre(count)} queued for ${counted(urls.length, 'receiver')}.`,
      );
    } finally {
      await queue.close();
    }
  } finally {
    await database.close();
  }
}
