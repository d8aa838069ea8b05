import type { Context } from './context.js';
import { deliverWebhook } from './deliverWebhook.js';
import { studyHandlers } from './studyJobs.js';
import { writeBackHandlers } from './writeBackJobs.js';

/** Starts everything that the queue holds work for, in this process. */
export async function workOffQueue(context: Context): Promise<void> {
  const { queue } = context;
  await queue.work(studyHandlers(context));
  await queue.workWriteBacks(writeBackHandlers(context));
  await queue.deliveries.work((delivery) => deliverWebhook(context, delivery));
}
