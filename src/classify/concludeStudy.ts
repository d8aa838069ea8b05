import type { Context } from '../context.js';
import type { Prediction, Prisma, StudyStatus } from '../generated/prisma/client.js';
import { combine } from '../inference/combine.js';
import type { LabelProbability } from '../inference/decide.js';
import { enqueueWriteBacks } from '../jobs/enqueueWriteBacks.js';
import type { RunningModel } from '../models/modelLoader.js';
import { announceStudy } from '../notifications/announceStudy.js';

/**
 * Stores the finding of a study and its final status, and queues what archives and receivers of webhooks are told of
 * it: all in one transaction.
 * @param jobId the job that classified the study; undefined outside of the queue.
 */
export async function concludeStudy(
  context: Context,
  running: RunningModel,
  studyId: string,
  jobId?: string,
): Promise<void> {
  await context.prisma.$transaction(async (tx) => {
    const predictions = await storeFinding(tx, running, studyId, { shadow: false });
    const failures = predictions.filter(({ status }) => status === 'FAILED');
    const study = await tx.study.update({
      where: { id: studyId },
      data: {
        status: finalStatus(predictions.length, failures.length),
        failureCode: failures[0]?.failureCode ?? null,
      },
    });
    if (study.status !== 'SKIPPED') await enqueueWriteBacks(context, running.model, tx, study, jobId);
    await announceStudy(context, running, tx, studyId, jobId ?? null);
  });
}

/** Stores what a shadow found, where it has predicted every eligible slice of the study. */
export async function concludeShadow(
  { prisma }: Pick<Context, 'prisma'>,
  running: RunningModel,
  studyId: string,
): Promise<void> {
  if (await hasPredictedAll({ prisma }, running, studyId))
    await storeFinding(prisma, running, studyId, { shadow: true });
}

/** Whether the model has predicted every eligible slice. Of a part of a study no finding can be made. */
export async function hasPredictedAll(
  { prisma }: Pick<Context, 'prisma'>,
  { model }: RunningModel,
  studyId: string,
): Promise<boolean> {
  const missing = { series: { studyId }, eligible: true, predictions: { none: { modelId: model.id } } };
  return (await prisma.slice.count({ where: missing })) === 0;
}

/** @returns the predictions of which the finding was made. */
async function storeFinding(
  tx: Prisma.TransactionClient,
  { classifier, model }: RunningModel,
  studyId: string,
  { shadow }: { shadow: boolean },
): Promise<Prediction[]> {
  const predictions = await tx.prediction.findMany({
    where: { modelId: model.id, slice: { series: { studyId }, eligible: true } },
    include: { slice: { select: { seriesId: true, position: true, sliceLocation: true } } },
  });
  const located = predictions.map(({ slice, ...prediction }) => {
    const { seriesId, position, sliceLocation } = slice;
    const probabilities = prediction.probabilities as LabelProbability[];
    return { ...prediction, probabilities, seriesId, position, location: sliceLocation };
  });
  const { normalLabel, inSeries } = classifier.manifest;
  const { study: surest, absent, clear } = inSeries?.abstention ?? {};
  const finding = combine(located, { normalLabel, surest, absent, clear });
  const key = { studyId, modelId: model.id };
  if (finding) {
    const stored = { ...finding, shadow };
    await tx.studyFinding.upsert({
      where: { studyId_modelId: key },
      create: { ...key, ...stored },
      update: { ...stored, createdAt: new Date() },
    });
  } else await tx.studyFinding.deleteMany({ where: key });
  await markLatest(tx, studyId);
  return predictions;
}

/** Marks the latest finding of a model that was no shadow: it is shown where the active model has none. */
async function markLatest(tx: Prisma.TransactionClient, studyId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE "StudyFinding" SET "latest" = "id" IS NOT DISTINCT FROM (
      SELECT "id" FROM "StudyFinding" WHERE "studyId" = ${studyId} AND NOT "shadow" ORDER BY "createdAt" DESC LIMIT 1)
    WHERE "studyId" = ${studyId}`;
}

function finalStatus(slices: number, failures: number): StudyStatus {
  if (slices === 0) return 'SKIPPED'; // no series is eligible; each says why
  if (failures === 0) return 'CLASSIFIED';
  return failures === slices ? 'FAILED' : 'PARTIAL';
}
