import type { Context } from '../context.js';
import { ModelNotFound, SliceNotFound } from '../errors/errors.js';
import type { Prediction, StudyStatus } from '../generated/prisma/client.js';
import { concludeStudy, hasPredictedAll } from './concludeStudy.js';
import { predictSlices, sliceWithFile } from './predictSlices.js';

const ANSWERED: StudyStatus[] = ['CLASSIFIED', 'PARTIAL', 'FAILED'];

/** `concludes`: whether the study's answer is made anew, too; a picture has none. */
export type ClassifySlice = { sopInstanceUid: string; frameNumber: number; modelId?: string; concludes?: boolean };

/**
 * Classifies one stored slice now, by default with the active model, in the light of its series where that reads
 * series; a stored prediction is made anew, and with it the answer of a study that had one.
 * @throws SliceNotFound, ModelNotFound
 */
export async function classifySlice(
  context: Context,
  { sopInstanceUid, frameNumber, modelId, concludes = true }: ClassifySlice,
): Promise<Prediction> {
  const { models, prisma } = context;
  const { active } = models;
  const running = modelId === undefined ? active : models.running(modelId);
  if (!running) throw new ModelNotFound('That model does not run. Let it run as a shadow (activateModel) first.');
  const { model } = running;
  const shadow = model.id !== active.model.id;
  const slice = await prisma.slice.findUnique({
    where: { sopInstanceUid_frameNumber: { sopInstanceUid, frameNumber } },
    include: {
      ...sliceWithFile,
      series: { select: { orientation: true, study: { select: { id: true, status: true } } } },
    },
  });
  if (!slice)
    throw new SliceNotFound(
      `Frame ${frameNumber} of instance ${sopInstanceUid} is not here. Import its study, or classify it with classifyStudy first.`,
    );
  await predictSlices(context, running, [slice], { shadow, known: 'CORRECT' });
  const { study } = slice.series;
  if (
    concludes &&
    !shadow &&
    slice.eligible &&
    ANSWERED.includes(study.status) &&
    (await hasPredictedAll(context, running, study.id))
  )
    await concludeStudy(context, running, study.id);
  return prisma.prediction.findUniqueOrThrow({
    where: { sliceId_modelId: { sliceId: slice.id, modelId: model.id } },
  });
}
