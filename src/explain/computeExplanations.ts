import { join } from 'node:path';
import type { Context } from '../context.js';
import { MrimasterError } from '../errors/errors.js';
import type { ExplanationMethod, Prisma } from '../generated/prisma/client.js';
import type { Classifier } from '../inference/classifier.js';
import type { Cam } from '../inference/inferenceWorker.js';
import type { ModalitySlice } from '../pacs/pixels/applyModalityLut.js';
import { type Faithfulness, measureFaithfulness } from './measureFaithfulness.js';

/**
 * Slices that are decoded, explained and measured together. A run that maps every layer holds the gradients of all of
 * them.
 */
const BATCH = 8;

export const withSlice = {
  model: true,
  slice: { include: { instance: { select: { path: true } } } },
} satisfies Prisma.PredictionInclude;
export type PredictionWithSlice = Prisma.PredictionGetPayload<{ include: typeof withSlice }>;

/** Maps of one prediction that are to be computed. */
export type Plan = {
  predictionId: string;
  prediction: PredictionWithSlice;
  classifier: Classifier;
  label: string;
  against: string;
  method: ExplanationMethod;
  layers: readonly string[];
};

/**
 * Computes and stores maps, in as few runs as possible.
 * @returns the plans that could not be carried out, each with its reason.
 */
export async function computeExplanations(
  context: Context,
  plans: readonly Plan[],
): Promise<Map<Plan, MrimasterError>> {
  const failures = new Map<Plan, MrimasterError>();
  for (const batch of batchesOf(plans))
    for (const [plan, error] of await compute(context, batch)) failures.set(plan, error);
  return failures;
}

/** The plans in groups that one run can compute. */
function batchesOf(plans: readonly Plan[]): Plan[][] {
  const batches: Plan[][] = [];
  for (const one of plans) {
    const { classifier, layers, method } = one;
    const open = batches.find(
      ([first, ...more]) =>
        first?.classifier === classifier &&
        first.method === method &&
        first.layers.join() === layers.join() &&
        more.length + 1 < (layers.length === 1 ? BATCH : 1),
    );
    if (open) open.push(one);
    else batches.push([one]);
  }
  return batches;
}

/**
 * Computes and stores the maps of one batch. @returns the plans that could not be carried out, each with its reason.
 */
async function compute(context: Context, batch: readonly Plan[]): Promise<[Plan, MrimasterError][]> {
  const { decoding, receivedDir } = context;
  const failed: [Plan, MrimasterError][] = [];
  const decoded: { one: Plan; image: ModalitySlice }[] = [];
  await Promise.all(
    batch.map(async (one) => {
      const { frameNumber, instance } = one.prediction.slice;
      try {
        decoded.push({ one, image: await decoding.readSlice(join(receivedDir, instance.path), frameNumber) });
      } catch (error) {
        if (!(error instanceof MrimasterError)) throw error;
        failed.push([one, error]);
      }
    }),
  );
  const [first] = decoded;
  if (!first) return failed;
  const { classifier, layers, method } = first.one;
  try {
    const what = decoded.map(({ one: { against, label } }) => ({ label, against: against || undefined }));
    const images = decoded.map(({ image }) => image);
    const maps = await classifier.explainAll(images, what, method, layers);
    for (const [index, { image, one }] of decoded.entries()) await store(context, one, image, maps[index] as Cam[]);
  } catch (error) {
    if (!(error instanceof MrimasterError)) throw error;
    if (decoded.length === 1) return [...failed, [first.one, error]];
    // One slice spoils the run: each is tried by itself.
    for (const { one } of decoded) failed.push(...(await compute(context, [one])));
  }
  return failed;
}

async function store(
  { prisma }: Context,
  { classifier, layers: _layers, prediction: _prediction, ...key }: Plan,
  image: ModalitySlice,
  maps: readonly Cam[],
) {
  const faithfulness = await measureFaithfulness(classifier, image, key.label, maps);
  await prisma.explanation.createMany({
    data: maps.map(({ layer, rows, columns, values, frame }, index) => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
      const map = { rows, columns, values: bytes, frame, faithfulness: faithfulness[index] as Faithfulness };
      return { ...key, layer, ...map };
    }),
    skipDuplicates: true, // another request was faster, with the same result
  });
}
