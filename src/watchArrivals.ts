import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.js';
import { Interrupted } from './errors.js';
import { asLogged } from './formatError.js';
import type { Study } from './generated/prisma/client.js';
import { settleStudy } from './settleStudy.js';

const POLL_MS = 250;
const AT_ONCE = 8;
/** While one process looks at a study no other one does; a process that dies looks at nothing for longer than this. */
export const LEASE_MS = 30_000;
const AFTER_FAILURE_MS = 5_000;

/**
 * Looks at studies that have been quiet for long enough, as long as the program runs. Several processes may: each study
 * is looked at by one at a time.
 */
export function watchArrivals(context: Context): { close(): Promise<void> } {
  const { log, transfers } = context;
  const stopping = new AbortController();
  const look = async (study: Study) => {
    try {
      await settleStudy(context, study, transfers.isBeingSent(study.studyInstanceUid), stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted) return; // looked at again when the lease has run out
      log.warn(asLogged(error), 'A look at an arriving study failed; it is made again.');
      const settleAt = new Date(Date.now() + AFTER_FAILURE_MS);
      await context.prisma.study.updateMany({ where: { id: study.id, settleAt: { not: null } }, data: { settleAt } });
    }
  };
  const watch = async () => {
    while (!stopping.signal.aborted) {
      try {
        const due = await lease(context);
        await Promise.all(due.map(look));
        if (due.length < AT_ONCE) await sleep(POLL_MS, undefined, { signal: stopping.signal });
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.warn(asLogged(error), 'Arriving studies cannot be looked at for now.');
        await sleep(AFTER_FAILURE_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
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

/** Takes the studies that are due, for this process alone. */
async function lease({ prisma }: Context): Promise<Study[]> {
  const now = new Date();
  const until = new Date(now.getTime() + LEASE_MS);
  const taken = await prisma.$queryRaw<{ id: string }[]>`
    UPDATE "Study" SET "settleAt" = ${until} WHERE "id" IN (
      SELECT "id" FROM "Study" WHERE "settleAt" <= ${now} ORDER BY "settleAt" LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
    ) RETURNING "id"`;
  return prisma.study.findMany({ where: { id: { in: taken.map(({ id }) => id) } } });
}
