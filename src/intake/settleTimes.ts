import type { Context } from '../context.js';
import { Prisma } from '../generated/prisma/client.js';

const BETWEEN_LOOKS_MS = 1500;

/** How long before the quiet time ends the archive is asked for the first time, so that the second look is at its end. */
export function firstLookMs(quietMs: number): number {
  return Math.min(BETWEEN_LOOKS_MS, quietMs / 2);
}

/** How long after its last instance a study is looked at, and how long after it it is classified at the latest; in ms. */
export type SettleDelays = { lookMs: number; deadlineMs: number };

export function settleDelays({ config }: Pick<Context, 'config'>): SettleDelays {
  const { quietMs, deadlineMs } = config.arrivals;
  return { lookMs: quietMs - firstLookMs(quietMs), deadlineMs };
}

/** A time by the clock of the database: those of the processes that share it differ. */
export function fromNow(ms: number): Prisma.Sql {
  return Prisma.sql`(clock_timestamp() + ${ms}::float8 * interval '1 millisecond')`;
}

/** Says, within the caller's transaction, that an instance of the study has just come. */
export async function noteArrival(
  tx: Prisma.TransactionClient,
  studyId: string,
  { lookMs, deadlineMs }: SettleDelays,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE "Study" SET "lastInstanceAt" = clock_timestamp(), "settleAt" = ${fromNow(lookMs)},
      "settleBy" = ${fromNow(deadlineMs)}
    WHERE "id" = ${studyId}`;
}
