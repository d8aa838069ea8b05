import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { StudyNotFound } from '../errors/errors.js';
import type { Study } from '../generated/prisma/client.js';
import { retrieveStudy } from '../intake/retrieveStudy.js';
import type { RunningModel } from '../models/modelLoader.js';
import { chooseStudySeries } from './chooseStudySeries.js';
import { classifyUploaded, holdsPictures } from './classifyUploaded.js';
import { concludeShadow, concludeStudy } from './concludeStudy.js';
import {
  batchesOf,
  bySeries,
  type DecodedSlice,
  decodeSlices,
  predictFromViews,
  readsSeries,
  type SliceView,
  type SliceWithFile,
  sliceWithFile,
  viewSlices,
} from './predictSlices.js';

/** What a job asks for. */
export type ClassifyStudy = {
  studyInstanceUid: string;
  /** The archive to pull from first; null when the study is here. */
  pacs: string | null;
  /** Classify again what has a prediction by this model. */
  force: boolean;
  /** The job that asks for it; undefined outside of the queue. */
  jobId?: string;
};

/** The part of a job's progress that pulling from the archive stands for. */
const RETRIEVAL_SHARE = 0.3;

/**
 * The story of a study: retrieve, choose series, decode, run the models, predict, store, conclude. Every step may be
 * repeated: what is stored already is passed over. So the next call finishes a study that was interrupted anywhere,
 * each slice is predicted once by each model, and a killed process repeats no more than one series. The model that is
 * active at the beginning answers, also where another one is activated meanwhile.
 * @param onProgress 0–1.
 * @param signal when aborted, the story stops with its reason after the batch at hand.
 * @throws StudyNotFound, ReceivedFilesMissing and the archive's errors. A slice that fails is stored as such and stops
 *   nothing.
 */
export async function classifyStudy(
  context: Context,
  { studyInstanceUid, pacs, force, jobId }: ClassifyStudy,
  onProgress: (fraction: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { prisma } = context;
  const { active } = context.models;
  const retrieval = pacs === null ? 0 : RETRIEVAL_SHARE;
  if (pacs !== null)
    await retrieveStudy(context, pacs, studyInstanceUid, (fraction) => onProgress(fraction * retrieval), signal);
  const study = await prisma.study.findUnique({ where: { studyInstanceUid } });
  if (!study) throw new StudyNotFound(`Study ${studyInstanceUid} is not here. Import it, or pull it from an archive.`);
  if (study.uploaded && (await holdsPictures(context, study))) return classifyUploaded(context, active, study, force);
  await prisma.study.update({ where: { id: study.id }, data: { status: 'CLASSIFYING', failureCode: null } });
  await chooseStudySeries(context, active, study.id);
  if (await isUploadWithoutSeries(context, study)) return classifyUploaded(context, active, study, force);

  const { shadows } = context.models; // a retrieval takes long: one that ended meanwhile reads nothing more
  const readers = [active, ...shadows].map((running) => ({ running, shadow: running !== active, views: [] }));
  const batches = batchesBySeries(await slicesToClassify(context, [active, ...shadows], study.id, force));
  let done = 0;
  for await (const batch of decodeAhead(context, batches)) {
    signal.throwIfAborted();
    for (const reader of readers) await readBatch(context, reader, batch, force);
    done++;
    await onProgress(retrieval + ((1 - retrieval) * done) / batches.length);
  }

  await concludeStudy(context, active, study.id, jobId);
  for (const shadow of shadows)
    await unlessShadow(context, shadow, true, () => concludeShadow(context, shadow, study.id));
}

/** Whether a person uploaded the files of the study one by one, and none is of an eligible series. */
async function isUploadWithoutSeries({ prisma }: Context, study: Study): Promise<boolean> {
  const eligible = { series: { studyId: study.id }, eligible: true };
  return study.uploaded && (await prisma.slice.count({ where: eligible })) === 0;
}

/**
 * Slices to classify, in their order in space, by series: those without a prediction by the first model, which is the
 * active one, and those that failed. Where one of the models reads series, all slices of a series that has any such
 * slice, or one that was predicted by itself.
 */
async function slicesToClassify(
  { prisma }: Context,
  models: readonly [RunningModel, ...RunningModel[]],
  studyId: string,
  force: boolean,
): Promise<SliceWithFile[][]> {
  const whole = models.some(readsSeries);
  const done = { modelId: models[0].model.id, status: { not: 'FAILED' as const }, ...(whole && { withSeries: true }) };
  const eligible = { series: { studyId }, eligible: true };
  const open = force ? eligible : { ...eligible, predictions: { none: done } };
  const slices = await prisma.slice.findMany({
    where: whole ? { series: { studyId, slices: { some: open } }, eligible: true } : open,
    orderBy: [{ seriesId: 'asc' }, { position: 'asc' }],
    include: sliceWithFile,
  });
  return bySeries(slices);
}

/** Slices that are decoded and go through the network together. `last`: the last ones of their series. */
type Batch = { series: readonly SliceWithFile[]; slices: SliceWithFile[]; last: boolean };

function batchesBySeries(allSeries: readonly SliceWithFile[][]): Batch[] {
  return allSeries.flatMap((series) => {
    const batches = batchesOf(series);
    return batches.map((slices) => ({ series, slices, last: slices === batches.at(-1) }));
  });
}

type DecodedBatch = Batch & { decoded: DecodedSlice[] };

/** Decodes batches in their order. The next batch is being decoded while the caller uses the one before. */
async function* decodeAhead(context: Context, batches: readonly Batch[]): AsyncGenerator<DecodedBatch> {
  const decode = (batch: Batch) => {
    const decoding = decodeSlices(context, batch.slices).then((decoded) => ({ ...batch, decoded }));
    decoding.catch(() => {}); // awaited in its turn, or not at all where the caller stops before
    return decoding;
  };
  let next: Promise<DecodedBatch> | undefined;
  for (const batch of batches) {
    const ready = await next;
    next = decode(batch);
    if (ready) yield ready;
  }
  if (next) yield await next;
}

/** One model at a study. `views`: of the slices of the series at hand, so far. */
type Reader = { running: RunningModel; shadow: boolean; views: SliceView[] };

/**
 * Runs a model on a batch, predicts, and stores the predictions. A model that reads series predicts all slices of a
 * series behind its last batch.
 */
async function readBatch(context: Context, reader: Reader, batch: DecodedBatch, force: boolean): Promise<void> {
  const { running, shadow } = reader;
  const storing = { shadow, known: force ? ('REPLACE' as const) : ('CORRECT' as const) };
  await unlessShadow(context, running, shadow, async () => {
    reader.views.push(...(await viewSlices(running, batch.decoded)));
    if (!readsSeries(running)) {
      const views = reader.views.splice(0);
      await predictFromViews(context, running, { slices: batch.slices, views }, storing);
    } else if (batch.last && reader.views.length === batch.series.length)
      await predictFromViews(context, running, { slices: batch.series, views: reader.views }, storing);
  });
  if (batch.last) reader.views = [];
}

/** Does the work; what a shadow fails in is logged, and the answer comes as it would without the shadow. */
async function unlessShadow(
  { log }: Pick<Context, 'log'>,
  { model }: RunningModel,
  shadow: boolean,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!shadow) throw error;
    log.warn(asLogged(error), `${model.name} ${model.version} failed as a shadow.`);
  }
}
