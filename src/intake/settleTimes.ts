import type { Context } from '../context.js';
import { Prisma } from '../generated/prisma/client.js';

const BETWEEN_LOOKS_MS = 1500;

/** Time from the last instance to the first examination, in ms; the second one is then at the end of the quiet time. */
export function firstLookMs(quietMs: number): number {
  return Math.min(BETWEEN_LOOKS_MS, quietMs / 2);
}

/** Times from the last instance of a study, in ms: to its examination, and to its classification at the latest. */
export type SettleDelays = { lookMs: number; deadlineMs: number };

/** The delays that the settings give. */
export function settleDelays({ config }: Pick<Context, 'config'>): SettleDelays {
  const { quietMs, deadlineMs } = config.arrivals;
  return { lookMs: quietMs - firstLookMs(quietMs), deadlineMs };
}

/** SQL for a time `ms` from now, by the clock of the database: the clocks of processes differ. */
export function fromNow(ms: number): Prisma.Sql {
  return Prisma.sql`(clock_timestamp() + ${ms}::float8 * interval '1 millisecond')`;
}

/** Records, within the caller's transaction, that an instance of the study has just come. */
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
