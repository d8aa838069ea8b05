import { join } from 'node:path';
import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { ReceivedFilesMissing, StudyNotFound } from '../errors/errors.js';
import type { Prediction, Prisma, StudyStatus } from '../generated/prisma/client.js';
import { combine } from '../inference/combine.js';
import type { LabelProbability } from '../inference/decide.js';
import { parseReceived } from '../intake/parseReceived.js';
import { retrieveStudy } from '../intake/retrieveStudy.js';
import { enqueueWriteBacks } from '../jobs/enqueueWriteBacks.js';
import { announceStudy } from '../notifications/announceStudy.js';
import type { Instance } from '../pacs/header/parse.js';
import { chooseSeries } from '../pacs/series/chooseSeries.js';
import type { SeriesReason } from '../pacs/series/seriesReason.js';
import {
  BATCH,
  bySeries,
  decodeSlices,
  type Looked,
  lookAt,
  type SliceWithFile,
  sliceWithFile,
  storeVerdicts,
} from './classifySeries.js';
import { classifyUploaded, holdsPictures } from './classifyUploaded.js';

export type ClassifyStudy = {
  studyInstanceUid: string;
  /** The archive to pull from first; null when the study is here. */
  pacs: string | null;
  /** Classify again what has a prediction by this model. */
  force: boolean;
  /** The job that this is the work of; none outside of the queue. */
  jobId?: string;
};

/** The part of a job's progress that pulling from the archive stands for. */
const RETRIEVAL_SHARE = 0.3;

/**
 * The story of a study: retrieve → choose series → decode → preprocess → classify → persist → conclude.
 * Every step may be repeated: what is stored already is passed over, so a study that was interrupted anywhere is
 * finished by the next call, each slice predicted once by each model; a killed process repeats no more than one series.
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
  if (study.uploaded && (await holdsPictures(context, study))) return classifyUploaded(context, study, force);
  await setStatus(context, study.id, 'CLASSIFYING');
  await decideSeries(context, study.id);
  const fit = { series: { studyId: study.id }, eligible: true };
  if (study.uploaded && (await context.prisma.slice.count({ where: fit })) === 0)
    return classifyUploaded(context, study, force);
  const readers = [context, ...shadowsOf(context)].map((reader) => ({ reader, looked: [] as Looked[] }));
  const parts = inParts(
    await slicesToClassify(
      readers.map(({ reader }) => reader),
      study.id,
      force,
    ),
  );
  // While one part is looked at, the next one is decoded.
  const decode = (index: number) => {
    const decoded = decodeSlices(context, parts[index]?.slices ?? []);
    decoded.catch(() => {}); // awaited in its turn, or not at all where the job is stopped before
    return decoded;
  };
  let decoded = decode(0);
  for (const [index, part] of parts.entries()) {
    signal.throwIfAborted();
    const current = await decoded;
    decoded = decode(index + 1);
    for (const one of readers) {
      const storing = { shadow: one.reader !== context, known: force ? ('REPLACE' as const) : ('CORRECT' as const) };
      await unlessShadow(one.reader, storing.shadow, async () => {
        one.looked.push(...(await lookAt(one.reader, current)));
        if (!readsSeries(one.reader)) await storeVerdicts(one.reader, part.slices, one.looked.splice(0), storing);
        else if (part.closes && one.looked.length === part.series.length)
          await storeVerdicts(one.reader, part.series, one.looked, storing);
      });
      if (part.closes) one.looked = [];
    }
    await onProgress(before + ((1 - before) * (index + 1)) / parts.length);
  }
  await conclude(context, study.id, jobId);
  for (const beside of shadowsOf(context))
    await unlessShadow(beside, true, async () => {
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

/** Models that are tried out see what the active one sees. */
function shadowsOf(context: Context): Context[] {
  return context.models.shadows.map(({ classifier, model }) => ({ ...context, classifier, model }));
}

/** Whatever becomes of a shadow, the answer comes as it would. */
async function unlessShadow({ log, model }: Context, shadow: boolean, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!shadow) throw error;
    log.warn(asLogged(error), `${model.name} ${model.version} failed as a shadow.`);
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
      prisma.series.update({ where: { id }, data: { eligible, ...columnsOf(reason), orientation } }),
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

function columnsOf({ code, parameters }: SeriesReason) {
  return { examinedAt: new Date(), eligibilityCode: code, eligibilityParameters: parameters };
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

const readsSeries = ({ classifier }: Context): boolean => classifier.manifest.inSeries !== undefined;

/**
 * In their order in space, by series: those without a prediction by the first of the readers, the active model, and those
 * that failed, once more. Where one of them reads series, all of a series that has any, or one that was judged by itself.
 */
async function slicesToClassify(readers: readonly Context[], studyId: string, force: boolean) {
  const [{ prisma, model }] = readers as [Context, ...Context[]];
  const whole = readers.some(readsSeries);
  const done = { modelId: model.id, status: { not: 'FAILED' as const }, ...(whole && { withSeries: true }) };
  const eligible = { series: { studyId }, eligible: true };
  const open = force ? eligible : { ...eligible, predictions: { none: done } };
  const slices = await prisma.slice.findMany({
    where: whole ? { series: { studyId, slices: { some: open } }, eligible: true } : open,
    orderBy: [{ seriesId: 'asc' }, { position: 'asc' }],
    include: sliceWithFile,
  });
  return bySeries(slices);
}

/** A series in parts that are decoded and looked at together; `closes`: the last part of its series. */
type Part = { series: SliceWithFile[]; slices: SliceWithFile[]; closes: boolean };

function inParts(allSeries: readonly SliceWithFile[][]): Part[] {
  return allSeries.flatMap((series) => {
    const starts = Array.from({ length: Math.ceil(series.length / BATCH) }, (_, index) => index * BATCH);
    return starts.map((start) => ({
      series,
      slices: series.slice(start, start + BATCH),
      closes: start + BATCH >= series.length,
    }));
  });
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
    const probabilities = prediction.probabilities as LabelProbability[];
    return { ...prediction, probabilities, seriesId, position, location: sliceLocation };
  });
  const { normalLabel, inSeries } = classifier.manifest;
  const { study: surest, absent, clear } = inSeries?.abstention ?? {};
  const finding = combine(verdicts, { normalLabel, surest, absent, clear });
  const key = { studyId, modelId: model.id };
  if (finding) {
    const stored = { ...finding, shadow };
    await tx.studyFinding.upsert({
      where: { studyId_modelId: key },
      create: { ...key, ...stored },
      update: { ...stored, createdAt: new Date() },
    });
  } else await tx.studyFinding.deleteMany({ where: key });
  await tx.$executeRaw`
    UPDATE "StudyFinding" SET "latest" = "id" IS NOT DISTINCT FROM (
      SELECT "id" FROM "StudyFinding" WHERE "studyId" = ${studyId} AND NOT "shadow" ORDER BY "createdAt" DESC LIMIT 1)
    WHERE "studyId" = ${studyId}`;
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
