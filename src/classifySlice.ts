import { classifySlices, conclude } from './classifyStudy.js';
import type { Context } from './context.js';
import { SliceNotFound } from './errors.js';
import type { Prediction, StudyStatus } from './generated/prisma/client.js';

const ANSWERED: StudyStatus[] = ['CLASSIFIED', 'PARTIAL', 'FAILED'];

/**
 * Classifies one stored slice with the active model now; a stored prediction is made anew, and with it the answer of a
 * study that had one.
 * @throws SliceNotFound
 */
export async function classifySlice(
  context: Context,
  { sopInstanceUid, frameNumber }: { sopInstanceUid: string; frameNumber: number },
): Promise<Prediction> {
  const { model, prisma } = context;
  const slice = await prisma.slice.findUnique({
    where: { sopInstanceUid_frameNumber: { sopInstanceUid, frameNumber } },
    include: {
      instance: { select: { path: true } },
      series: { select: { study: { select: { id: true, status: true } } } },
    },
  });
  if (!slice)
    throw new SliceNotFound(
      `Frame ${frameNumber} of instance ${sopInstanceUid} is not here. Import its study, or classify it with classifyStudy first.`,
    );
  await classifySlices(context, [slice]);
  const { study } = slice.series;
  if (slice.eligible && ANSWERED.includes(study.status)) await conclude(context, study.id);
  return prisma.prediction.findUniqueOrThrow({
    where: { sliceId_modelId: { sliceId: slice.id, modelId: model.id } },
  });
}
