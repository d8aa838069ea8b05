import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { Interrupted } from '../errors/errors.js';
import type { Study } from '../generated/prisma/client.js';
import { resumeAbandoned } from '../jobs/enqueueStudy.js';
import { settleStudy } from './settleStudy.js';
import { fromNow, settleDelays } from './settleTimes.js';

const POLL_MS = 250;
const AT_ONCE = 16;
/** Length of the lease by which one process at a time examines a study. The lease of a process that died runs out. */
export const LEASE_MS = 30_000;
const AFTER_FAILURE_MS = 5_000;
const RESUME_MS = 60_000;

/**
 * Settles studies that have been quiet for long enough, as long as the program runs. Several processes may do so: each
 * study is examined by one at a time.
 */
export function watchArrivals(context: Context): { close(): Promise<void> } {
  const stopping = new AbortController();
  /** Examinations under way, by the study's id: a study whose archive is silent holds up no other. */
  const settling = new Map<string, Promise<void>>();
  const watching = Promise.all([watch(context, settling, stopping.signal), resume(context, stopping.signal)]);
  return {
    close: async () => {
      stopping.abort(new Interrupted('MRIMaster was stopped.'));
      await watching;
      await Promise.allSettled(settling.values());
    },
  };
}

/** Begins the examination of each study that is due, until `signal` is aborted. */
async function watch(context: Context, settling: Map<string, Promise<void>>, signal: AbortSignal): Promise<void> {
  const { log, transfers } = context;
  while (!signal.aborted) {
    try {
      await postpone(context, transfers.studies());
      for (const due of await lease(context, AT_ONCE - settling.size, [...settling.keys()])) {
        const { id } = due.study;
        settling.set(
          id,
          settle(context, due, signal).finally(() => settling.delete(id)),
        );
      }
      await sleep(POLL_MS, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      log.warn(asLogged(error), 'Arriving studies cannot be examined for now.');
      await sleep(AFTER_FAILURE_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Settles a study; after a failure it is examined again soon. */
async function settle(context: Context, { study, overdue }: Due, signal: AbortSignal): Promise<void> {
  try {
    await settleStudy(context, study, overdue, signal);
  } catch (error) {
    if (signal.aborted) return; // examined again when the lease has run out
    context.log.warn(
      { studyId: study.id, ...asLogged(error) },
      'An arriving study could not be settled for now; it is tried again.',
    );
    await context.prisma.$executeRaw`
      UPDATE "Study" SET "settleAt" = ${fromNow(AFTER_FAILURE_MS)} WHERE "id" = ${study.id} AND "settleAt" IS NOT NULL`;
  }
}

/**
 * Queues studies whose process has died, every minute until `signal` is aborted. Only a server does so: a tool may be
 * the very process that works on the study.
 */
async function resume(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(RESUME_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    await resumeAbandoned(context, 'UNCLAIMED').catch((error: unknown) => {
      context.log.warn(asLogged(error), 'Abandoned studies cannot be looked for at the moment.');
    });
  }
}

/** A study to examine. `overdue`: it is classified now, proven or not. */
type Due = { study: Study; overdue: boolean };

/** Leases up to `most` due studies to this process. `busy`: ids of studies that it is examining already. */
async function lease({ prisma }: Context, most: number, busy: readonly string[]): Promise<Due[]> {
  if (most <= 0) return [];
  const taken = await prisma.$queryRaw<{ id: string; overdue: boolean }[]>`
    UPDATE "Study" SET "settleAt" = ${fromNow(LEASE_MS)} WHERE "id" IN (
      SELECT "id" FROM "Study" WHERE "settleAt" <= clock_timestamp() AND NOT "id" = ANY(${[...busy]})
      ORDER BY "settleAt" LIMIT ${most} FOR UPDATE SKIP LOCKED
    ) RETURNING "id", coalesce("settleBy" <= clock_timestamp(), false) AS "overdue"`;
  const studies = await prisma.study.findMany({ where: { id: { in: taken.map(({ id }) => id) } } });
  return studies.map((study) => ({ study, overdue: taken.some(({ id, overdue }) => id === study.id && overdue) }));
}

/**
 * Puts off studies whose sender is still connected. They are quiet when it has hung up, or when the deadline has passed
 * since their last object: some senders never hang up.
 */
async function postpone({ config, prisma }: Context, studyInstanceUids: readonly string[]): Promise<void> {
  if (studyInstanceUids.length === 0) return;
  const { lookMs } = settleDelays({ config });
  await prisma.$executeRaw`
    UPDATE "Study" SET "settleAt" = ${fromNow(lookMs)}
    WHERE "studyInstanceUid" = ANY(${studyInstanceUids}) AND "settleAt" < ${fromNow(lookMs / 2)}
      AND "settleBy" > clock_timestamp()`;
}
