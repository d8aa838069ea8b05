import type { Context } from '../context.js';
import { type Model, Prisma } from '../generated/prisma/client.js';
import type { Judged } from '../statistics/confusion.js';
import { findConsensus, type ReaderVerdict, type ReviewedAnswer } from '../statistics/consensus.js';
import { during, type Period } from './period.js';

export type Unit = 'SLICES' | 'STUDIES';

export type EvaluateModel = { model: Model; period: Period; unit: Unit; answeredOnly: boolean };

/** What readers said of a model's answers. */
export type Evaluated = EvaluateModel & {
  /** Those of the model, and behind them any that it had when it was reviewed. */
  labels: string[];
  readers: number;
  /** Things whose readers do not agree: in no figure. */
  disputed: number;
  /** Of all that are agreed on. */
  abstained: number;
  /** What the figures are of. */
  judged: Judged[];
};

/**
 * Reads the verdicts that were given in the period, the latest of each reader on each thing, and makes one truth of them.
 * `answeredOnly`: leaves out what the model abstained from; otherwise its guess counts as its answer, as on its card.
 */
export async function evaluateModel({ prisma }: Context, request: EvaluateModel): Promise<Evaluated> {
  const { model, period, unit, answeredOnly } = request;
  const verdicts = await prisma.$queryRaw<ReaderVerdict[]>`
    SELECT DISTINCT ON ("thingId", "reviewer") coalesce("predictionId", "studyId") AS "thingId", "studyId", "reviewer",
      "label", "createdAt", "answeredLabel", "answeredConfidence", "answerAbstained"
    FROM "Review"
    WHERE "modelId" = ${model.id} AND ("predictionId" IS NULL) = ${unit === 'STUDIES'}
      AND ${during(Prisma.sql`"createdAt"`, period)}
    ORDER BY "thingId", "reviewer", "createdAt" DESC, "id" DESC`;
  const reviewed = findConsensus(verdicts);
  const agreed = reviewed.filter(hasTruth);
  const seen = agreed.flatMap(({ truth, label }) => [truth, label]);
  return {
    ...request,
    labels: [...new Set([...model.labels, ...seen])],
    readers: new Set(verdicts.map(({ reviewer }) => reviewer)).size,
    disputed: reviewed.length - agreed.length,
    abstained: agreed.filter(({ abstained }) => abstained).length,
    judged: answeredOnly ? agreed.filter(({ abstained }) => !abstained) : agreed,
  };
}

/** Mistakes to read first: a confidence above 0.95, the same bound as on the card. */
export function confidentlyWrong({ judged }: Evaluated, most: number): Judged[] {
  return judged
    .filter(({ truth, label, confidence }) => truth !== label && confidence > 0.95)
    .sort((a, b) => b.confidence - a.confidence || a.thingId.localeCompare(b.thingId))
    .slice(0, most);
}

const hasTruth = (reviewed: ReviewedAnswer): reviewed is Judged => reviewed.truth !== null;
