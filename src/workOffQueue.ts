import { setTimeout as sleep } from 'node:timers/promises';
import { studyHandlers } from './classify/studyHandlers.js';
import type { Context } from './context.js';
import { asLogged } from './errors/asKnown.js';
import { deliverWebhook } from './notifications/deliverWebhook.js';
import { createReceiverCircuits } from './notifications/receiverCircuits.js';
import { writeBackHandlers } from './writeBack/writeBackHandlers.js';

const LOOK_MS = 2_000;

/**
 * Works off all kinds of jobs in this process, until the queue is closed. As long as the process lacks what they need,
 * it takes none: they wait for a process that has it.
 */
export async function workOffQueue(context: Context): Promise<void> {
  const { log, models, queue, readiness } = context;
  await start(context);
  let working = true;
  const look = async () => {
    await models.follow().catch(() => {}); // a model that it cannot load is in the readiness
    const missing = await readiness.missingForJobs();
    if (queue.signal.aborted || working === !missing) return;
    working = !missing;
    if (missing) {
      await queue.pause();
      log.error({ code: missing.code }, `No more jobs are taken: ${missing.message}`);
    } else {
      await start(context);
      log.info('Jobs are taken again.');
    }
  };
  const watch = async () => {
    while (!queue.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: queue.signal }).catch(() => {});
      if (!queue.signal.aborted)
        await look().catch((error) => log.warn(asLogged(error), 'Whether jobs may be taken is not known for now.'));
    }
  };
  void watch();
}

async function start(context: Context): Promise<void> {
  const { config, queue } = context;
  const circuits = createReceiverCircuits();
  await queue.studies.work(studyHandlers(context));
  await queue.writeBacks.work(writeBackHandlers(context));
  await queue.deliveries.work(config.webhooks.urls.length, (delivery) => deliverWebhook(context, delivery, circuits));
}
