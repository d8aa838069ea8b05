import type { Context } from '../context.js';
import { Prisma } from '../generated/prisma/client.js';
import { findConsensus, type ReaderVerdict } from '../statistics/consensus.js';
import { type Discordant, mcnemar } from '../statistics/mcnemar.js';
import { during, type Period } from './period.js';

export type CompareModels = { first: string; second: string; period: Period };

export type Compared = {
  /** Slices that both models answered or abstained from; an abstention counts with its guess. */
  both: number;
  /** Of `both`, slices with the same label. */
  same: number;
  /** Of `both`, slices on which readers agree. */
  reviewed: number;
  bothRight: number;
  onlyFirst: number;
  onlySecond: number;
  bothWrong: number;
  /** p of McNemar's test with studies as clusters; null without reviews. */
  p: number | null;
};

/**
 * Compares two models on the same slices: how often they agree, and with which of them readers agree. A verdict counts
 * for both, whichever model's answer the reader saw. So a shadow is compared without anybody seeing its answers.
 */
export async function compareModels({ prisma }: Context, { first, second, period }: CompareModels): Promise<Compared> {
  const pairs = Prisma.sql`"Prediction" a JOIN "Prediction" b ON b."sliceId" = a."sliceId"
    AND a."modelId" = ${first} AND b."modelId" = ${second} AND a.status <> 'FAILED' AND b.status <> 'FAILED'`;
  const [counted] = await prisma.$queryRaw<{ both: number; same: number }[]>`
    SELECT count(*)::int AS both, count(*) FILTER (WHERE a.label = b.label)::int AS same FROM ${pairs}
    WHERE ${during(Prisma.sql`a."createdAt"`, period)}`;
  const verdicts = await prisma.$queryRaw<(ReaderVerdict & { first: string; second: string })[]>`
    SELECT DISTINCT ON (a."sliceId", r."reviewer") a."sliceId" AS "thingId", r."studyId", r."reviewer", r."label",
      r."createdAt", r."answeredLabel", r."answeredConfidence", r."answerAbstained", a.label AS first, b.label AS second
    FROM ${pairs} JOIN "Prediction" any_model ON any_model."sliceId" = a."sliceId"
    JOIN "Review" r ON r."predictionId" = any_model.id
    WHERE ${during(Prisma.sql`r."createdAt"`, period)}
    ORDER BY a."sliceId", r."reviewer", r."createdAt" DESC, r.id DESC`;
  const guesses = new Map(verdicts.map(({ thingId, first: one, second: other }) => [thingId, [one, other] as const]));
  const counts = { bothRight: 0, onlyFirst: 0, onlySecond: 0, bothWrong: 0 };
  const studies = new Map<string, Discordant>();
  for (const { thingId, studyId, truth } of findConsensus(verdicts)) {
    const [one, other] = guesses.get(thingId) ?? [];
    if (truth === null) continue;
    const outcome =
      one === truth ? (other === truth ? 'bothRight' : 'onlyFirst') : other === truth ? 'onlySecond' : 'bothWrong';
    counts[outcome]++;
    const study = studies.get(studyId) ?? { onlyFirst: 0, onlySecond: 0 };
    if (outcome === 'onlyFirst' || outcome === 'onlySecond') study[outcome]++;
    studies.set(studyId, study);
  }
  const reviewed = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    both: counted?.both ?? 0,
    same: counted?.same ?? 0,
    reviewed,
    ...counts,
    p: reviewed > 0 ? mcnemar([...studies.values()]) : null,
  };
}
