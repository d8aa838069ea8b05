import type { Context } from '../context.js';
import type { Study } from '../generated/prisma/client.js';
import type { RunningModel } from '../models/modelLoader.js';
import { SECONDARY_CAPTURE } from '../pacs/header/sopClasses.js';
import { type PredictionParts, predictSlices, sliceWithFile } from './predictSlices.js';

/**
 * Classifies a study of which a person uploaded single files: each file by itself, as when it was uploaded. There is no
 * series to choose or to read (a picture has no header to go by), and a few slices make no finding of a study.
 * @param force classify again what has a prediction already.
 */
export async function classifyUploaded(
  parts: PredictionParts,
  running: RunningModel,
  study: Study,
  force: boolean,
): Promise<void> {
  const { prisma } = parts;
  const done = { modelId: running.model.id, status: { not: 'FAILED' as const } };
  const slices = await prisma.slice.findMany({
    where: { series: { studyId: study.id }, ...(!force && { predictions: { none: done } }) },
    include: sliceWithFile,
  });
  await predictSlices(parts, running, slices, { shadow: false, known: force ? 'REPLACE' : 'CORRECT' });
  await setUploadedStatus(parts, running, study.studyInstanceUid);
}

/** Whether the study holds nothing but pictures, of which no header says what they are; see wrapPicture.ts. */
export async function holdsPictures({ prisma }: Pick<Context, 'prisma'>, { id }: Study): Promise<boolean> {
  const of = { series: { studyId: id } };
  return (await prisma.instance.count({ where: { ...of, sopClassUid: { not: SECONDARY_CAPTURE } } })) === 0;
}

/** Sets the status of an uploaded study by the predictions that the model has made of it. */
export async function setUploadedStatus(
  { prisma }: Pick<Context, 'prisma'>,
  { model }: RunningModel,
  studyInstanceUid: string,
): Promise<void> {
  const predictions = await prisma.prediction.findMany({
    where: { modelId: model.id, slice: { series: { study: { studyInstanceUid } } } },
    select: { status: true, failureCode: true },
  });
  const failed = predictions.filter(({ status }) => status === 'FAILED');
  const answered = failed.length === 0 ? ('CLASSIFIED' as const) : ('PARTIAL' as const);
  await prisma.study.update({
    where: { studyInstanceUid },
    data: {
      status: failed.length > 0 && failed.length === predictions.length ? 'FAILED' : answered,
      failureCode: failed[0]?.failureCode ?? null,
    },
  });
}
