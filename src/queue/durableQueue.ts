import type { PgBoss } from 'pg-boss';
import type { Handlers, Payload } from './handlers.js';

/**
 * One waiting or running job a key. Tried again quickly at first, then every five minutes: an archive may be down for a
 * day.
 */
const POLICY = {
  policy: 'exclusive' as const,
  retryLimit: 300,
  retryDelay: 2,
  retryBackoff: true,
  retryDelayMax: 300,
  heartbeatSeconds: 10, // the least that pg-boss allows
  expireInSeconds: 12 * 3600,
};

/** The dead-letter queue: where pg-boss puts what it will not try again. */
const givenUp = (queue: string) => `${queue}-given-up`;

/** Makes a queue and its dead-letter queue, where they are not there yet. */
export async function createDurableQueue(boss: PgBoss, name: string): Promise<void> {
  await boss.createQueue(givenUp(name));
  await boss.createQueue(name, { ...POLICY, deadLetter: givenUp(name) });
}

/**
 * Starts working in this process.
 * @param atOnce how many jobs run at the same time.
 * @param signal aborted when this process is asked to stop; handed to each job.
 */
export async function workOff<Work extends object>(
  boss: PgBoss,
  name: string,
  { run, giveUp }: Handlers<Work>,
  { atOnce, signal }: { atOnce: number; signal: AbortSignal },
): Promise<void> {
  const polling = {
    batchSize: 1,
    pollingIntervalSeconds: 0.5,
    localConcurrency: atOnce,
    includeMetadata: true,
  } as const;
  await boss.work<Payload<Work>, void, typeof polling>(name, polling, async ([job]) => {
    if (job) await run({ ...job.data, attempt: job.retryCount + 1 }, signal);
  });
  await boss.work<Payload<Work>>(givenUp(name), { batchSize: 1, pollingIntervalSeconds: 2 }, async ([job]) => {
    if (job) await giveUp(job.data);
  });
}

/** Takes no more jobs in this process; those at hand are finished. */
export async function stopTaking(boss: PgBoss, name: string): Promise<void> {
  for (const queue of [name, givenUp(name)]) await boss.offWork(queue, { wait: false });
}
