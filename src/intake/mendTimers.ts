import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { Interrupted } from '../errors/errors.js';
import { mendQueueTimers } from '../queue/mendQueueTimers.js';
import { fromNow } from './settleTimes.js';
import { LEASE_MS } from './watchArrivals.js';

const EVERY_MS = 5_000;
/** A time that lies no more than this too far ahead was set a moment ago; no clock jumped. */
const TOLERANCE_MS = 5_000;

/**
 * Makes due what lies further ahead than anybody sets it. All these times are by the clock of the database. When that
 * was ahead and is set back, they would hold up studies and jobs for as long as the clock was ahead. Times in the past
 * need nothing: they are due.
 */
export async function mendTimers({ config, prisma }: Pick<Context, 'config' | 'prisma'>): Promise<void> {
  const { quietMs, deadlineMs } = config.arrivals;
  const furthest = Math.max(quietMs, LEASE_MS) + TOLERANCE_MS;
  await prisma.$executeRaw`
    UPDATE "Study" SET "settleAt" = clock_timestamp() WHERE "settleAt" > ${fromNow(furthest)}`;
  await prisma.$executeRaw`
    UPDATE "Study" SET "settleBy" = ${fromNow(deadlineMs)}
    WHERE "settleAt" IS NOT NULL AND "settleBy" > ${fromNow(deadlineMs + TOLERANCE_MS)}`;
  await mendQueueTimers(prisma, TOLERANCE_MS / 1000);
}

/** Mends timers every few seconds, as long as the program runs. */
export function watchTimers(context: Context): { close(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watch = async () => {
    while (!signal.aborted) {
      await mendTimers(context).catch((error: unknown) => {
        context.log.warn(asLogged(error), 'Timers could not be checked for now.');
      });
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  };
  const watching = watch();
  return {
    close: async () => {
      stopping.abort(new Interrupted('MRIMaster was stopped.'));
      await watching;
    },
  };
}
