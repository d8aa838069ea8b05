import { join } from 'node:path';
import { announceStudy } from './announceStudy.js';
import type { Context } from './context.js';
import { MrimasterError, ReceivedFilesMissing, StudyNotFound } from './errors.js';
import { asLogged } from './formatError.js';
import type { Prediction, Prisma, StudyStatus } from './generated/prisma/client.js';
import type { PredictedSlice } from './inference/classifier.js';
import { combine } from './inference/combine.js';
import { abstain } from './inference/decide.js';
import type { Slice } from './pacs/applyModalityLut.js';
import { chooseSeries } from './pacs/chooseSeries.js';
import type { Instance } from './pacs/parse.js';
import { parseFile } from './pacs/parseFile.js';
import { unfitFrame } from './pacs/unfit.js';
import { retrieveStudy } from './retrieveStudy.js';
import { enqueueWriteBacks } from './writeBackJobs.js';

export type ClassifyStudy = {
  studyInstanceUid: string;
  /** The archive to pull from first; null when the study is here. */
  pacs: string | null;
  /** Classify again what has a prediction by this model. */
  force: boolean;
  /** The job that this is the work of; none outside of the queue. */
  jobId?: string;
};

/** Slices decoded, classified and stored together: a killed process repeats no more than these. */
const BATCH = 8;
/** The part of a job's progress that pulling from the archive stands for. */
const RETRIEVAL_SHARE = 0.3;

/**
 * The story of a study: retrieve → choose series → decode → preprocess → classify → persist → conclude.
 * Every step may be repeated: what is stored already is passed over, so a study that was interrupted anywhere is
 * finished by the next call, each slice predicted once by each model.
 * @param onProgress 0–1.
 * @param signal when aborted, stops with its reason behind the batch at hand.
 * @throws StudyNotFound, ReceivedFilesMissing and the archive's errors; a slice that fails is stored as such and stops
 *   nothing.
 */
export async function classifyStudy(
  program: Context,
  { studyInstanceUid, pacs, force, jobId }: ClassifyStudy,
  onProgress: (fraction: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const context = pin(program);
  const before = pacs ? RETRIEVAL_SHARE : 0;
  if (pacs) await retrieveStudy(context, pacs, studyInstanceUid, (fraction) => onProgress(fraction * before), signal);
  const study = await context.prisma.study.findUnique({ where: { studyInstanceUid } });
  if (!study) throw new StudyNotFound(`Study ${studyInstanceUid} is not here. Import it, or pull it from an archive.`);
  await setStatus(context, study.id, 'CLASSIFYING');
  await decideSeries(context, study.id);
  const slices = await slicesToClassify(context, study.id, force);
  // While one batch is classified and stored, the next one is decoded.
  const batchAt = (start: number) => slices.slice(start, start + BATCH);
  const decode = (start: number) => {
    const decoded = decodeSlices(context, batchAt(start));
    decoded.catch(() => {}); // awaited in its turn, or not at all where the job is stopped before
    return decoded;
  };
  let decoded = decode(0);
  for (let start = 0; start < slices.length; start += BATCH) {
    signal.throwIfAborted();
    const current = await decoded;
    decoded = decode(start + BATCH);
    await classifyDecoded(context, batchAt(start), current);
    await inShadow(context, (beside) => classifyDecoded(beside, batchAt(start), current, true));
    await onProgress(before + ((1 - before) * Math.min(start + BATCH, slices.length)) / slices.length);
  }
  await conclude(context, study.id, jobId);
  await inShadow(context, async (beside) => {
    if (await hasSeenAll(beside, study.id)) await storeFinding(beside, context.prisma, study.id, true);
  });
}

/** The same parts, with the model that is active now: one that is activated meanwhile answers from the next study on. */
function pin(context: Context): Context {
  const { classifier, model } = context;
  return { ...context, classifier, model };
}

/** Of a part of a study, which is all that a model has seen that came later, no answer can be made. */
export async function hasSeenAll({ model, prisma }: Context, studyId: string): Promise<boolean> {
  const unseen = { series: { studyId }, eligible: true, predictions: { none: { modelId: model.id } } };
  return (await prisma.slice.count({ where: unseen })) === 0;
}

/** Models that are tried out see what the active one sees. Whatever becomes of them, its answer comes as it would. */
async function inShadow(context: Context, work: (beside: Context) => Promise<unknown>): Promise<void> {
  for (const { classifier, model } of context.models.shadows) {
    try {
      await work({ ...context, classifier, model });
    } catch (error) {
      context.log.warn(asLogged(error), `${model.name} ${model.version} failed as a shadow.`);
    }
  }
}

/** Stores for each series and each of its slices whether it is classified, and the slices' order in space. */
async function decideSeries({ classifier, prisma, receivedDir }: Context, studyId: string): Promise<void> {
  const allSeries = await prisma.series.findMany({
    where: { studyId, instances: { some: {} } },
    include: { instances: true },
  });
  let lost = 0;
  for (const { id, instances } of allSeries) {
    const parsed: Instance[] = [];
    const unreadable: string[] = [];
    for (const { path, sopInstanceUid } of instances) {
      const instance = await parseReceived(join(receivedDir, path));
      if (instance) parsed.push(instance);
      else unreadable.push(sopInstanceUid);
    }
    if (parsed.length === 0) {
      lost++; // what was decided while its files could be read, stands
      continue;
    }
    const choice = chooseSeries(parsed, classifier.manifest.weightings);
    const { eligible, reason, orientation } = choice;
    const last = choice.slices.length;
    await prisma.$transaction([
      prisma.series.update({ where: { id }, data: { eligible, eligibilityReason: reason, orientation } }),
      prisma.slice.updateMany({ where: { seriesId: id }, data: { eligible: false, position: last } }),
      placeSlices(prisma, id, eligible, choice.slices),
      // What cannot be read any more fails as a slice, where a clinician sees it.
      prisma.slice.updateMany({ where: { seriesId: id, sopInstanceUid: { in: unreadable } }, data: { eligible } }),
    ]);
  }
  if (lost > 0 && lost === allSeries.length)
    throw new ReceivedFilesMissing(
      'None of the files of the study can be read under DATA_DIR. Mount it, give it back its rights, or import the study again.',
    );
}

/** All slices of a series in one statement: hundreds of them cost as much as the model. */
function placeSlices(prisma: Context['prisma'], seriesId: string, eligible: boolean, slices: readonly SlicePlace[]) {
  const places = slices.map(({ sopInstanceUid, frameNumber, location }, position) => ({
    sopInstanceUid,
    frameNumber,
    position,
    location,
  }));
  return prisma.$executeRaw`
    UPDATE "Slice" SET "eligible" = ${eligible}, "position" = place."position", "sliceLocation" = place."location"
    FROM jsonb_to_recordset(${JSON.stringify(places)}::jsonb)
      AS place("sopInstanceUid" text, "frameNumber" int, "position" int, "location" float8)
    WHERE "Slice"."seriesId" = ${seriesId} AND "Slice"."sopInstanceUid" = place."sopInstanceUid"
      AND "Slice"."frameNumber" = place."frameNumber"`;
}

type SlicePlace = { sopInstanceUid: string; frameNumber: number; location: number | null };

/** undefined where the file is gone or damaged since it was received. */
async function parseReceived(path: string): Promise<Instance | undefined> {
  try {
    return await parseFile(path);
  } catch (error) {
    if (error instanceof MrimasterError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const sliceWithFile = { instance: { select: { path: true } } } satisfies Prisma.SliceInclude;
export type SliceWithFile = Prisma.SliceGetPayload<{ include: typeof sliceWithFile }>;

/** In their order in space: those without a prediction by this model, and those that failed, once more. */
function slicesToClassify({ prisma, model }: Context, studyId: string, force: boolean): Promise<SliceWithFile[]> {
  const done = { modelId: model.id, status: { not: 'FAILED' as const } };
  return prisma.slice.findMany({
    where: { series: { studyId }, eligible: true, ...(!force && { predictions: { none: done } }) },
    orderBy: [{ seriesId: 'asc' }, { position: 'asc' }],
    include: sliceWithFile,
  });
}

/**
 * Predicts these slices with the active model and stores the predictions. One that is passed over with its series gets
 * no answer where its own header says why.
 */
export async function classifySlices(
  context: Context,
  slices: readonly SliceWithFile[],
  shadow = false,
): Promise<void> {
  await classifyDecoded(context, slices, await decodeSlices(context, slices), shadow);
}

/** What became of each slice: its modality values, or why there are none. */
type Decoded = Slice | MrimasterError;

function decodeSlices({ decoding, receivedDir }: Context, slices: readonly SliceWithFile[]): Promise<Decoded[]> {
  return Promise.all(
    slices.map(async ({ instance, frameNumber }) => {
      try {
        return await decoding.readSlice(join(receivedDir, instance.path), frameNumber);
      } catch (error) {
        if (error instanceof MrimasterError) return error;
        throw error;
      }
    }),
  );
}

async function classifyDecoded(
  context: Context,
  slices: readonly SliceWithFile[],
  decoded: readonly Decoded[],
  shadow = false,
): Promise<void> {
  const { classifier, model, receivedDir } = context;
  const images = decoded.filter((image): image is Slice => !(image instanceof MrimasterError));
  const verdicts = images.length > 0 ? await classifier.classify(images) : [];
  const objections = await Promise.all(
    slices.map(async ({ eligible, instance, frameNumber }) => {
      const parsed = eligible ? undefined : await parseReceived(join(receivedDir, instance.path));
      return parsed ? unfitFrame(parsed, frameNumber, classifier.manifest.weightings) : null;
    }),
  );
  const predictions = slices.map(({ id: sliceId }, index) => {
    const image = decoded[index];
    const unfit = objections[index];
    const verdict = image instanceof MrimasterError ? failure(image) : (verdicts.shift() as PredictedSlice);
    const outcome = unfit && verdict.status !== 'FAILED' ? abstain(verdict, unfit) : verdict;
    return {
      failureCode: null,
      ...outcome,
      executionProvider: classifier.provider,
      sliceId,
      modelId: model.id,
      shadow,
    };
  });
  await storePredictions(context, predictions);
  countPredictions(context, predictions);
}

function countPredictions({ metrics, model: { name, version } }: Context, predictions: readonly PredictionRow[]): void {
  const model = `${name}@${version}`;
  for (const { status, label, abstentionReason } of predictions) {
    metrics.predictions.inc({ model, label: label ?? 'none', status });
    if (abstentionReason) metrics.abstentions.inc({ model, reason: abstentionReason });
  }
}

/** New ones in one statement; one that replaces another takes with it what explained that. */
async function storePredictions({ prisma }: Context, predictions: PredictionRow[]): Promise<void> {
  const keys = predictions.map(({ sliceId, modelId }) => ({ sliceId, modelId }));
  if ((await prisma.prediction.count({ where: { OR: keys } })) === 0) {
    await prisma.prediction.createMany({ data: predictions, skipDuplicates: true }); // another process may be at it, too
    return;
  }
  const writes = predictions.flatMap(({ sliceId, modelId, ...prediction }) => {
    const key = { sliceId, modelId };
    return [
      // Apart, so that the upsert is PostgreSQL's own (INSERT ... ON CONFLICT) and two processes at the same slice do not
      // meet.
      prisma.explanation.deleteMany({ where: { prediction: key } }),
      prisma.prediction.upsert({
        where: { sliceId_modelId: key },
        create: { ...prediction, ...key },
        update: { ...prediction, createdAt: new Date() },
      }),
    ];
  });
  await prisma.$transaction(writes);
}

type PredictionRow = Prisma.PredictionCreateManyInput;

/** What a clinician sees of a slice that could not be read: that, and why. */
function failure({ code }: MrimasterError) {
  const nothing = {
    label: null,
    confidence: null,
    probabilities: [],
    abstentionReason: null,
    novelty: null,
    inferenceMs: 0,
  };
  return { ...nothing, status: 'FAILED' as const, failureCode: code };
}

/** The slices' predictions as one answer, and the study's final status; and whoever is to be told of it. */
export async function conclude(context: Context, studyId: string, jobId?: string): Promise<void> {
  await context.prisma.$transaction(async (tx) => {
    const predictions = await storeFinding(context, tx, studyId);
    const failures = predictions.filter(({ status }) => status === 'FAILED');
    const study = await tx.study.update({
      where: { id: studyId },
      data: {
        status: finalStatus(predictions.length, failures.length),
        failureCode: failures[0]?.failureCode ?? null,
      },
    });
    if (study.status !== 'SKIPPED') await enqueueWriteBacks(context, tx, study, jobId);
    await announceStudy(context, tx, studyId, jobId ?? null);
  });
}

/** @returns what it was made of. */
async function storeFinding(
  { classifier, model }: Context,
  tx: Prisma.TransactionClient,
  studyId: string,
  shadow = false,
): Promise<Prediction[]> {
  const predictions = await tx.prediction.findMany({
    where: { modelId: model.id, slice: { series: { studyId }, eligible: true } },
    include: { slice: { select: { seriesId: true, position: true, sliceLocation: true } } },
  });
  const verdicts = predictions.map(({ slice, ...prediction }) => {
    const { seriesId, position, sliceLocation } = slice;
    return { ...prediction, seriesId, position, location: sliceLocation };
  });
  const finding = combine(verdicts, classifier.manifest.normalLabel);
  const key = { studyId, modelId: model.id };
  if (finding)
    await tx.studyFinding.upsert({
      where: { studyId_modelId: key },
      create: { ...key, ...finding, shadow },
      update: { ...finding, shadow, createdAt: new Date() },
    });
  else await tx.studyFinding.deleteMany({ where: key });
  return predictions;
}

function finalStatus(slices: number, failures: number): StudyStatus {
  if (slices === 0) return 'SKIPPED'; // no series was fit to be classified; each says why
  if (failures === 0) return 'CLASSIFIED';
  return failures === slices ? 'FAILED' : 'PARTIAL';
}

function setStatus({ prisma }: Context, id: string, status: StudyStatus) {
  return prisma.study.update({ where: { id }, data: { status, failureCode: null } });
}
