import { join } from 'node:path';
import type { Context } from '../context.js';
import { MrimasterError } from '../errors/errors.js';
import type { Orientation, Prisma } from '../generated/prisma/client.js';
import type { PredictedSlice } from '../inference/classifier.js';
import { abstain, type SliceDecision } from '../inference/decide.js';
import type { TimedView } from '../inference/inferenceWorker.js';
import type { LeftRight } from '../inference/readSeries.js';
import { parseReceived } from '../intake/parseReceived.js';
import type { ModalitySlice } from '../pacs/pixels/applyModalityLut.js';
import { whyFrameIneligible } from '../pacs/series/frameEligibility.js';
import { type Storing, storePredictions } from './storePredictions.js';

/** Slices decoded and shown to the model together. */
export const BATCH = 8;

export const sliceWithFile = {
  instance: { select: { path: true } },
  series: { select: { orientation: true } },
} satisfies Prisma.SliceInclude;
export type SliceWithFile = Prisma.SliceGetPayload<{ include: typeof sliceWithFile }>;

/** What became of a slice: its modality values, or why there are none. */
type Decoded = ModalitySlice | MrimasterError;
/** What the model saw of it, or why it saw nothing. */
export type Looked = TimedView | MrimasterError;

/**
 * Predicts these slices and stores the predictions; for a model that reads series, together with all of theirs, whose
 * predictions are stored as well. One that is passed over with its series gets no answer where its own header says why.
 * @returns how many slices were looked at.
 */
export async function classifySlices(
  context: Context,
  slices: readonly SliceWithFile[],
  how: Pick<Storing, 'shadow' | 'known'>,
): Promise<number> {
  const anew = new Set(how.known === 'CORRECT' ? slices.map(({ id }) => id) : []);
  let count = 0;
  for (const wanted of bySeries(slices)) {
    const together = await withNeighbours(context, wanted);
    const looked: Looked[] = [];
    for (let start = 0; start < together.length; start += BATCH)
      looked.push(...(await lookAt(context, await decodeSlices(context, together.slice(start, start + BATCH)))));
    await storeVerdicts(context, together, looked, { ...how, anew });
    count += together.length;
  }
  return count;
}

/** The slices of a series that are classified with these, for a model that reads series. */
async function withNeighbours({ classifier, prisma }: Context, wanted: SliceWithFile[]): Promise<SliceWithFile[]> {
  const first = wanted.find(({ eligible }) => eligible);
  if (!first || !classifier.manifest.inSeries) return wanted;
  const others = await prisma.slice.findMany({
    where: { seriesId: first.seriesId, eligible: true, id: { notIn: wanted.map(({ id }) => id) } },
    include: sliceWithFile,
  });
  return [...wanted, ...others];
}

/** In the order in which they come. */
export function bySeries(slices: readonly SliceWithFile[]): SliceWithFile[][] {
  const groups = new Map<string, SliceWithFile[]>();
  for (const slice of slices) {
    const group = groups.get(slice.seriesId);
    if (group) group.push(slice);
    else groups.set(slice.seriesId, [slice]);
  }
  return [...groups.values()];
}

export function decodeSlices({ decoding, receivedDir }: Context, slices: readonly SliceWithFile[]): Promise<Decoded[]> {
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

export async function lookAt({ classifier }: Context, decoded: readonly Decoded[]): Promise<Looked[]> {
  const images = decoded.filter((image): image is ModalitySlice => !(image instanceof MrimasterError));
  const seen = images.length > 0 ? await classifier.view(images) : [];
  return decoded.map((image) => (image instanceof MrimasterError ? image : (seen.shift() as TimedView)));
}

/** Judges slices of one series, the eligible ones together, and stores the predictions. */
export async function storeVerdicts(
  context: Context,
  slices: readonly SliceWithFile[],
  looked: readonly Looked[],
  storing: Storing,
): Promise<void> {
  const verdicts = await judge(context, slices, looked);
  const rows = await Promise.all(
    slices.map(async (slice, index) => {
      const verdict = verdicts[index] as Outcome;
      const unfit = verdict.status === 'FAILED' ? null : await objection(context, slice);
      return {
        failureCode: null,
        ...(unfit && verdict.status !== 'FAILED' ? abstain(verdict, unfit) : verdict),
        executionProvider: context.classifier.provider,
        sliceId: slice.id,
        modelId: context.model.id,
        shadow: storing.shadow,
        withSeries: slice.eligible,
      };
    }),
  );
  await storePredictions(context, rows, storing);
}

type Outcome = ReturnType<typeof failure> | PredictedSlice;

/** In the slices' order. Those that are passed over are looked at one by one: they are none of the series' head. */
async function judge(
  { classifier }: Context,
  slices: readonly SliceWithFile[],
  looked: readonly Looked[],
): Promise<Outcome[]> {
  const seen = slices.map(({ sliceLocation, eligible }, index) => {
    const one = looked[index] as Looked;
    return one instanceof MrimasterError ? one : { ...one, location: eligible ? sliceLocation : null };
  });
  const readable = seen.filter((one): one is Exclude<typeof one, MrimasterError> => !(one instanceof MrimasterError));
  const verdicts = await classifier.readSeries(readable, leftRight(slices[0]?.series.orientation));
  return seen.map((one) =>
    one instanceof MrimasterError
      ? failure(one)
      : { ...(verdicts.shift() as SliceDecision), inferenceMs: one.milliseconds },
  );
}

/** Axial and coronal slices show left and right beside one another; of sagittal ones each shows one of them. */
function leftRight(orientation: Orientation | null | undefined): LeftRight | null {
  if (orientation === 'SAGITTAL') return 'SLICES';
  return orientation === 'AXIAL' || orientation === 'CORONAL' ? 'COLUMNS' : null;
}

async function objection({ classifier, receivedDir }: Context, { eligible, instance, frameNumber }: SliceWithFile) {
  const parsed = eligible ? undefined : await parseReceived(join(receivedDir, instance.path));
  return parsed ? whyFrameIneligible(parsed, frameNumber, classifier.manifest.weightings) : null;
}

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
