import { classifySlices } from './classifyStudy.js';
import type { Context } from './context.js';
import { SliceNotFound } from './errors.js';
import type { Prediction } from './generated/prisma/client.js';

/**
 * Classifies one stored slice with the active model now; a stored prediction is made anew.
 * @throws SliceNotFound
 */
export async function classifySlice(
  context: Context,
  { sopInstanceUid, frameNumber }: { sopInstanceUid: string; frameNumber: number },
): Promise<Prediction> {
  const { model, prisma } = context;
  const slice = await prisma.slice.findUnique({
    where: { sopInstanceUid_frameNumber: { sopInstanceUid, frameNumber } },
    include: { instance: { select: { path: true } } },
  });
  if (!slice)
    throw new SliceNotFound(
      `Frame ${frameNumber} of instance ${sopInstanceUid} is not here. Import its study, or classify it with classifyStudy first.`,
    );
  await classifySlices(context, [slice]);
  return prisma.prediction.findUniqueOrThrow({
    where: { sliceId_modelId: { sliceId: slice.id, modelId: model.id } },
  });
}
