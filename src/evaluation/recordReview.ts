import type { Context } from '../context.js';
import { isForeignKeyViolation } from '../database/isForeignKeyViolation.js';
import { LabelNotFound, PredictionNotFound, ReviewUnavailable, StudyNotFound } from '../errors/errors.js';
import type { Model, Prediction, PrismaClient, Review, Study } from '../generated/prisma/client.js';

/** A reader's verdict. `reviewer`: Caller.subject. */
export type Verdict = { label: string; comment: string | null; reviewer: string };

/**
 * Stores a reader's verdict on a slice, beside the model's answer.
 * @throws PredictionNotFound, LabelNotFound, and ReviewUnavailable for a slice that could not be read and so has no
 *   answer.
 */
export async function reviewPrediction(
  { prisma }: Context,
  predictionId: string,
  verdict: Verdict,
): Promise<{ review: Review; prediction: Prediction }> {
  const found = await prisma.prediction.findUnique({
    where: { id: predictionId },
    include: { model: true, slice: { select: { series: { select: { studyId: true } } } } },
  });
  const missing = () => new PredictionNotFound(`There is no prediction ${predictionId}.`);
  if (!found) throw missing();
  const { model, slice, ...prediction } = found;
  const { label, confidence, status, failureCode, createdAt } = prediction;
  requireLabel(model, verdict.label);
  if (label === null || confidence === null)
    throw new ReviewUnavailable(
      `The slice could not be read (${failureCode}), so there is no answer to review. Review another slice, or its study.`,
    );
  const answer = { label, confidence, abstained: status === 'ABSTAINED', createdAt };
  const { studyId } = slice.series;
  const review = await store(prisma, row({ studyId, predictionId, model }, answer, verdict), missing);
  return { review, prediction };
}

/**
 * Stores a reader's verdict on a study, beside the model's finding.
 * @throws StudyNotFound, LabelNotFound, and ReviewUnavailable where the model has no finding of the study.
 */
export async function reviewStudy(
  { prisma }: Context,
  studyInstanceUid: string,
  model: Model,
  verdict: Verdict,
): Promise<{ review: Review; study: Study }> {
  const found = await prisma.study.findUnique({
    where: { studyInstanceUid },
    include: { findings: { where: { modelId: model.id } } },
  });
  const missing = () =>
    new StudyNotFound(`Study ${studyInstanceUid} is not here. Import it, or pull it from an archive.`);
  if (!found) throw missing();
  requireLabel(model, verdict.label);
  const { findings, ...study } = found;
  const [finding] = findings;
  if (!finding)
    throw new ReviewUnavailable(
      `${model.name} ${model.version} has no finding of the study, so there is no answer to review. Classify it with classifyStudy first.`,
    );
  const review = await store(prisma, row({ studyId: study.id, predictionId: null, model }, finding, verdict), missing);
  return { review, study };
}

/**
 * Checks that the text is a label, before it is stored or repeated: a client may send anything. @throws LabelNotFound
 */
function requireLabel({ labels }: Model, label: string): void {
  if (!labels.includes(label))
    throw new LabelNotFound(`The model has no such label. Its labels: ${labels.join(', ')}.`);
}

/** Stores a review. @throws what `missing` makes, where the study is deleted at this moment. */
async function store(prisma: PrismaClient, data: ReturnType<typeof row>, missing: () => Error): Promise<Review> {
  try {
    return await prisma.review.create({ data });
  } catch (error) {
    throw isForeignKeyViolation(error) ? missing() : error;
  }
}

type Reviewed = { studyId: string; predictionId: string | null; model: Model };
type ModelAnswer = { label: string; confidence: number; abstained: boolean; createdAt: Date };

function row(
  { model, ...reviewed }: Reviewed,
  { label, confidence, abstained, createdAt }: ModelAnswer,
  verdict: Verdict,
) {
  return {
    ...reviewed,
    ...verdict,
    modelId: model.id,
    answeredLabel: label,
    answeredConfidence: confidence,
    answerAbstained: abstained,
    answeredAt: createdAt,
  };
}
