import type { Context } from '../context.js';
import { type Model, Prisma } from '../generated/prisma/client.js';
import type { Judged } from '../statistics/confusion.js';
import { findConsensus, type ReaderVerdict, type ReviewedAnswer } from '../statistics/consensus.js';
import { during, type Period } from './period.js';

export type Unit = 'SLICES' | 'STUDIES';

export type EvaluateModel = { model: Model; period: Period; unit: Unit; answeredOnly: boolean };

/** What readers' verdicts say of a model's answers. */
export type Evaluated = EvaluateModel & {
  /** Labels of the model, and after them any that it had when it was reviewed. */
  labels: string[];
  readers: number;
  /** Slices or studies on which readers do not agree. They are in no figure. */
  disputed: number;
  /** Abstentions among those on which readers agree. */
  abstained: number;
  /** The slices or studies that the figures are made of. */
  judged: Judged[];
};

/**
 * Reads the verdicts of the period, the latest of each reader on each slice or study, and finds their consensus.
 * @param request.answeredOnly leaves out abstentions. Otherwise the guess of an abstention counts as the answer, as on
 *   the card.
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

/** The mistakes to read first: those with a confidence above 0.95, which is the bound of the model's card. */
export function confidentlyWrong({ judged }: Evaluated, most: number): Judged[] {
  return judged
    .filter(({ truth, label, confidence }) => truth !== label && confidence > 0.95)
    .sort((a, b) => b.confidence - a.confidence || a.thingId.localeCompare(b.thingId))
    .slice(0, most);
}

const hasTruth = (reviewed: ReviewedAnswer): reviewed is Judged => reviewed.truth !== null;
