import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { Interrupted } from '../errors/errors.js';
import { mendQueueTimers } from '../queue/mendQueueTimers.js';
import { fromNow } from './settleTimes.js';
import { LEASE_MS } from './watchArrivals.js';

const EVERY_MS = 5_000;
/** What lies this little too far ahead was set a moment ago, and no clock jumped. */
const TOLERANCE_MS = 5_000;

/**
 * All these times are by the clock of the database, whatever those of the processes say. After it was ahead and has been
 * set back, times that lie further ahead than anybody sets them would hold up studies and jobs for as long as it was
 * ahead: those are due now. Times that lie too far behind need nothing, they are due.
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

/** Does so as long as the program runs. */
export function watchTimers(context: Context): { close(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watch = async () => {
    while (!signal.aborted) {
      await mendTimers(context).catch((error: unknown) => {
        context.log.warn(asLogged(error), 'Timers could not be looked at for now.');
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
