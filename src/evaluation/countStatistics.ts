import type { Context } from '../context.js';
import { type PredictionStatus, Prisma } from '../generated/prisma/client.js';
import { CLASSIFY_STUDY } from '../queue/studyQueue.js';
import { during, type Period } from './period.js';

/** Counts of studies and slices. `day`: YYYY-MM-DD, UTC. */
export type Statistics = {
  studies: number;
  failedStudies: number;
  slices: number;
  labels: { label: string; count: number }[];
  perDay: { day: string; studies: number; slices: number }[];
  medianSecondsToResult: number | null;
  abstentionRate: number;
  failureRate: number;
};

/**
 * Counts studies by when they came, and slices by when the model predicted them. Takes three statements, whatever is
 * stored.
 */
export async function countStatistics({ prisma }: Context, modelId: string, period: Period): Promise<Statistics> {
  const [slices, studies, [timing]] = await Promise.all([
    countSlices(prisma, modelId, period),
    countStudies(prisma, period),
    timeToResult(prisma, modelId, period),
  ]);
  const ofStatus = (status: PredictionStatus) => slices.filter((row) => row.status === status);
  const [classified, abstained, failed] = [ofStatus('CLASSIFIED'), ofStatus('ABSTAINED'), ofStatus('FAILED')];
  const read = sum(classified) + sum(abstained);
  return {
    studies: sum(studies),
    failedStudies: sum(studies.filter(({ failed }) => failed)),
    slices: sum(slices),
    labels: tally(classified, ({ label }) => label as string)
      .map(([label, count]) => ({ label, count }))
      .sort((a, b) => b.count - a.count || a.label.localeCompare(b.label)),
    perDay: perDay(studies, slices),
    medianSecondsToResult: timing?.median ?? null,
    abstentionRate: read > 0 ? sum(abstained) / read : 0,
    failureRate: slices.length > 0 ? sum(failed) / sum(slices) : 0,
  };
}

type DayCount = { day: string; count: number };
type SliceCount = DayCount & { status: PredictionStatus; label: string | null };

/** Counts slices, from the index alone. */
function countSlices(prisma: Context['prisma'], modelId: string, period: Period): Promise<SliceCount[]> {
  return prisma.$queryRaw`
    SELECT to_char("day", 'YYYY-MM-DD') AS "day", "status", "label", "count" FROM (
      SELECT ("createdAt" AT TIME ZONE 'UTC')::date AS "day", "status", "label", count(*)::int AS "count"
      FROM "Prediction" WHERE "modelId" = ${modelId} AND ${during(Prisma.sql`"createdAt"`, period)}
      GROUP BY 1, 2, 3) AS counted`;
}

function countStudies(prisma: Context['prisma'], period: Period): Promise<(DayCount & { failed: boolean })[]> {
  return prisma.$queryRaw`
    SELECT to_char("day", 'YYYY-MM-DD') AS "day", "failed", "count" FROM (
      SELECT ("receivedAt" AT TIME ZONE 'UTC')::date AS "day", "status" = 'FAILED' AS "failed", count(*)::int AS "count"
      FROM "Study" WHERE ${during(Prisma.sql`"receivedAt"`, period)}
      GROUP BY 1, 2) AS counted`;
}

/**
 * Seconds from a study's receivedAt to the end of its first job that succeeded. Where no job is known (`mrimaster
 * import`), to its finding. With a job the finding does not count, because it may have been made anew.
 */
function timeToResult(
  prisma: Context['prisma'],
  modelId: string,
  period: Period,
): Promise<{ median: number | null }[]> {
  return prisma.$queryRaw`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM "ended" - "receivedAt")::float8) AS "median"
    FROM (
      SELECT "Study"."receivedAt", coalesce(min("Job"."finishedAt"), "StudyFinding"."createdAt") AS "ended"
      FROM "Study"
      JOIN "StudyFinding" ON "StudyFinding"."studyId" = "Study"."id" AND "StudyFinding"."modelId" = ${modelId}
      LEFT JOIN "Job" ON "Job"."studyId" = "Study"."id" AND "Job"."kind" = ${CLASSIFY_STUDY} AND "Job"."status" = 'SUCCEEDED'
      WHERE ${during(Prisma.sql`"Study"."receivedAt"`, period)}
      GROUP BY "Study"."id", "StudyFinding"."createdAt") AS timed`;
}

function perDay(studies: readonly DayCount[], slices: readonly DayCount[]): Statistics['perDay'] {
  const [studiesOf, slicesOf] = [studies, slices].map((rows) => new Map(tally(rows, ({ day }) => day)));
  const days = [...new Set([...studies, ...slices].map(({ day }) => day))].sort();
  return days.map((day) => ({ day, studies: studiesOf?.get(day) ?? 0, slices: slicesOf?.get(day) ?? 0 }));
}

function tally<Row extends { count: number }>(rows: readonly Row[], keyOf: (row: Row) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + row.count);
  return [...counts];
}

function sum(rows: readonly { count: number }[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}
