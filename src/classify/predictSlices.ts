import { join } from 'node:path';
import type { Context } from '../context.js';
import { MrimasterError } from '../errors/errors.js';
import type { Orientation, Prisma } from '../generated/prisma/client.js';
import type { PredictedSlice } from '../inference/classifier.js';
import { abstain, type SliceDecision } from '../inference/decide.js';
import type { TimedView } from '../inference/inferenceWorker.js';
import type { LeftRight } from '../inference/readSeries.js';
import { parseReceived } from '../intake/parseReceived.js';
import type { RunningModel } from '../models/modelLoader.js';
import type { ModalitySlice } from '../pacs/pixels/applyModalityLut.js';
import { whyFrameIneligible } from '../pacs/series/frameEligibility.js';
import { groupBy } from '../statistics/groupBy.js';
import { type Storing, storePredictions } from './storePredictions.js';

/** Slices that are decoded and go through the network together. */
export const BATCH = 8;

/** What a story needs of a slice to predict it. */
export const sliceWithFile = {
  instance: { select: { path: true } },
  series: { select: { orientation: true } },
} satisfies Prisma.SliceInclude;
export type SliceWithFile = Prisma.SliceGetPayload<{ include: typeof sliceWithFile }>;

/** The parts of a running MRIMaster that predicting takes. */
export type PredictionParts = Pick<Context, 'decoding' | 'metrics' | 'prisma' | 'receivedDir'>;

/** Modality values of a slice, or why there are none. */
export type DecodedSlice = ModalitySlice | MrimasterError;
/** What the network saw in a slice, or why it saw nothing. */
export type SliceView = TimedView | MrimasterError;

/**
 * Predicts slices and stores the predictions. A model that reads series predicts all eligible slices of their series
 * with them. A slice that is not eligible abstains where its own header says why.
 * @returns the number of slices that went through the network.
 */
export async function predictSlices(
  parts: PredictionParts,
  running: RunningModel,
  slices: readonly SliceWithFile[],
  storing: Pick<Storing, 'shadow' | 'known'>,
): Promise<number> {
  const anew = new Set(storing.known === 'CORRECT' ? slices.map(({ id }) => id) : []);
  let count = 0;
  for (const asked of bySeries(slices)) {
    const together = await withNeighbours(parts, running, asked);
    const views: SliceView[] = [];
    for (const batch of batchesOf(together))
      views.push(...(await viewSlices(running, await decodeSlices(parts, batch))));
    await predictFromViews(parts, running, { slices: together, views }, { ...storing, anew });
    count += together.length;
  }
  return count;
}

/** The same slices in batches, in their order. */
export function batchesOf(slices: readonly SliceWithFile[]): SliceWithFile[][] {
  const starts = Array.from({ length: Math.ceil(slices.length / BATCH) }, (_, index) => index * BATCH);
  return starts.map((start) => slices.slice(start, start + BATCH));
}

/** For a model that reads series, the other eligible slices of the series behind those that were asked for. */
async function withNeighbours(
  { prisma }: PredictionParts,
  running: RunningModel,
  asked: SliceWithFile[],
): Promise<SliceWithFile[]> {
  const eligible = asked.find((slice) => slice.eligible);
  if (!eligible || !readsSeries(running)) return asked;
  const neighbours = await prisma.slice.findMany({
    where: { seriesId: eligible.seriesId, eligible: true, id: { notIn: asked.map(({ id }) => id) } },
    include: sliceWithFile,
  });
  return [...asked, ...neighbours];
}

/** Whether the model reads the slices of a series together. */
export function readsSeries({ classifier }: RunningModel): boolean {
  return classifier.manifest.inSeries !== undefined;
}

/** The slices of each series, in the order in which they come. */
export function bySeries(slices: readonly SliceWithFile[]): SliceWithFile[][] {
  return [...groupBy(slices, ({ seriesId }) => seriesId).values()];
}

/** Decodes slices, in their order. @throws what no error of ours explains. */
export function decodeSlices(
  { decoding, receivedDir }: Pick<PredictionParts, 'decoding' | 'receivedDir'>,
  slices: readonly SliceWithFile[],
): Promise<DecodedSlice[]> {
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

/** Runs the network on what could be decoded. @returns one view a slice, in their order. */
export async function viewSlices({ classifier }: RunningModel, decoded: readonly DecodedSlice[]): Promise<SliceView[]> {
  const images = decoded.filter((image): image is ModalitySlice => !(image instanceof MrimasterError));
  const views = images.length > 0 ? await classifier.view(images) : [];
  return decoded.map((image) => (image instanceof MrimasterError ? image : (views.shift() as TimedView)));
}

/** Predicts slices of one series from what the network saw, the eligible ones together, and stores the predictions. */
export async function predictFromViews(
  parts: PredictionParts,
  running: RunningModel,
  { slices, views }: { slices: readonly SliceWithFile[]; views: readonly SliceView[] },
  storing: Storing,
): Promise<void> {
  const decisions = await decideTogether(running, slices, views);
  const rows = await Promise.all(
    slices.map(async (slice, index) => ({
      failureCode: null,
      ...(await heedHeader(parts, running, slice, decisions[index] as SliceOutcome)),
      executionProvider: running.classifier.provider,
      sliceId: slice.id,
      modelId: running.model.id,
      shadow: storing.shadow,
      withSeries: slice.eligible,
    })),
  );
  await storePredictions(parts, running.model, rows, storing);
}

type SliceOutcome = ReturnType<typeof failed> | PredictedSlice;

/** In the slices' order. Slices that are not eligible are read one by one, as they show nothing of the series' head. */
async function decideTogether(
  { classifier }: RunningModel,
  slices: readonly SliceWithFile[],
  views: readonly SliceView[],
): Promise<SliceOutcome[]> {
  const located = slices.map(({ sliceLocation, eligible }, index) => {
    const view = views[index] as SliceView;
    return view instanceof MrimasterError ? view : { ...view, location: eligible ? sliceLocation : null };
  });
  const readable = located.filter(
    (view): view is Exclude<typeof view, MrimasterError> => !(view instanceof MrimasterError),
  );
  const decisions = await classifier.readSeries(readable, leftRight(slices[0]?.series.orientation));
  return located.map((view) =>
    view instanceof MrimasterError
      ? failed(view)
      : { ...(decisions.shift() as SliceDecision), inferenceMs: view.milliseconds },
  );
}

/** Axial and coronal slices show left and right beside one another; a sagittal slice shows one of them. */
function leftRight(orientation: Orientation | null | undefined): LeftRight | null {
  if (orientation === 'SAGITTAL') return 'SLICES';
  return orientation === 'AXIAL' || orientation === 'CORONAL' ? 'COLUMNS' : null;
}

/** The outcome; an abstention where the slice is not eligible and its own header says why. */
async function heedHeader(
  { receivedDir }: PredictionParts,
  { classifier }: RunningModel,
  { eligible, instance, frameNumber }: SliceWithFile,
  outcome: SliceOutcome,
): Promise<SliceOutcome> {
  if (eligible || outcome.status === 'FAILED') return outcome;
  const parsed = await parseReceived(join(receivedDir, instance.path));
  const reason = parsed && whyFrameIneligible(parsed, frameNumber, classifier.manifest.weightings);
  return reason ? abstain(outcome, reason) : outcome;
}

/** What a clinician sees of a slice that could not be read: that, and why. */
function failed({ code }: MrimasterError) {
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
