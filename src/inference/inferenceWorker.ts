// Runs in a worker thread: ONNX Runtime computes inside the call, and would hold up every request of the server.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { ExplanationUnavailable, ModelNotLoaded } from '../errors.js';
import { answering, comeLast } from '../threads.js';
import { SEED } from './gradcam/explainer.js';
import { type Explainable, ExplainingSessions } from './gradcam/explainingSessions.js';
import type { Method } from './gradcam/maps.js';
import type { GrayscaleImage } from './image.js';
import type { Model } from './manifest.js';
import { type Frame, preprocess } from './preprocess.js';
import { type Device, type OpenSession, openSession, type Provider, sessionOptions } from './session.js';

comeLast();

type Loaded = OpenSession & { model: Model; explaining: ExplainingSessions };

/** Images in one run of a graph whose batch is free. */
const MOST_AT_ONCE = 16;
/** By file: the sessions of this thread. */
const loaded = new Map<string, Loaded>();

export type LoadTask = { model: Model; device: Device };
export type ClassifyTask = { file: string; images: GrayscaleImage[] };
export type ExplainTask = {
  file: string;
  images: readonly GrayscaleImage[];
  /** What to explain of each: a weight for each logit. */
  seeds: readonly Float32Array[];
  method: Method;
  layers: readonly string[];
};
/** `novelty`: null where the manifest names no output for it. */
export type Logits = { logits: Float32Array; novelty: number | null; milliseconds: number };
/** `values`: rows × columns, as computed. `frame`: the rectangle of the slice, in slice pixels, that the map covers. */
export type Cam = { layer: string; rows: number; columns: number; values: Float32Array; frame: Frame };

export const load = answering(async ({ model, device }: LoadTask): Promise<{ provider: Provider; notes: string[] }> => {
  const { input, labels, outOfDistribution } = model.manifest;
  const shape = { ...input, labels: labels.length, novelty: outOfDistribution?.output };
  const opened = await openSession(model.file, device, shape);
  const sizes = [input.channels, input.rows, input.columns];
  const explaining = new ExplainingSessions(model.file, model.manifest.sha256, sizes, sessionOptions(opened.provider));
  loaded.set(model.file, { ...opened, model, explaining });
  return { provider: opened.provider, notes: opened.notes };
});

/** In runs of so many images as the graph's batch is fixed to, or a few where it is free: memory stays bounded. */
export const classify = answering(async ({ file, images }: ClassifyTask): Promise<Logits[]> => {
  const { session, model } = get(file);
  const { input, geometry, labels, outOfDistribution } = model.manifest;
  const inputs = images.map((image) => preprocess(image, input, geometry).input);
  const size = fixedBatch(session) ?? MOST_AT_ONCE;
  const results: Logits[] = [];
  for (let first = 0; first < inputs.length; first += size) {
    const batch = inputs.slice(first, first + size);
    const start = performance.now();
    const outputs = await session.run({ [session.inputNames[0] as string]: stack(batch, session, model) });
    const milliseconds = (performance.now() - start) / batch.length;
    const values = outputs[session.outputNames[0] as string]?.data as Float32Array;
    const novelties = outOfDistribution && (outputs[outOfDistribution.output]?.data as Float32Array);
    for (let index = 0; index < batch.length; index++) {
      const logits = values.slice(index * labels.length, (index + 1) * labels.length);
      results.push({ logits, novelty: novelties?.[index] ?? null, milliseconds });
    }
  }
  return results;
});

export const explainable = answering(
  async ({ file }: { file: string }): Promise<Explainable> => get(file).explaining.explainable(),
);

/** The maps of all `layers` for each image, in one run. @throws ExplanationUnavailable, also where a map is not a number */
export const explain = answering(async ({ file, images, seeds, method, layers }: ExplainTask): Promise<Cam[][]> => {
  const { model, explaining } = get(file);
  const { session, layers: explained } = await explaining.get(method, layers);
  const { input, geometry, labels } = model.manifest;
  const prepared = images.map((image) => preprocess(image, input, geometry));
  const size = fixedBatch(session) ?? images.length;
  const maps: Cam[][] = [];
  for (let first = 0; first < images.length; first += size) {
    const batch = prepared.slice(first, first + size);
    const outputs = await session.run(
      {
        [session.inputNames[0] as string]: stack(
          batch.map((one) => one.input),
          session,
          model,
        ),
        [SEED]: new Tensor('float32', join(seeds.slice(first, first + size), size * labels.length), [
          size,
          labels.length,
        ]),
      },
      explained.map((layer) => layer.outputs[method] as string),
    );
    for (const [index, { frame }] of batch.entries())
      maps.push(
        explained.map(({ name, rows, columns, outputs: names }) => {
          const all = outputs[names[method] as string]?.data as Float32Array;
          const values = Float32Array.from(all.subarray(index * rows * columns, (index + 1) * rows * columns));
          if (!values.every(Number.isFinite))
            throw new ExplanationUnavailable(
              `No map of ${name} for this slice: its gradient is not a finite number. Ask for the other layers one by one.`,
            );
          return { layer: name, rows, columns, values, frame };
        }),
      );
  }
  return maps;
});

function get(file: string): Loaded {
  const entry = loaded.get(file);
  if (!entry) throw new ModelNotLoaded(`The model ${file} was not loaded in this thread.`);
  return entry;
}

/** How many images a run must have; undefined where the graph leaves it open. */
function fixedBatch(session: InferenceSession): number | undefined {
  const metadata = session.inputMetadata[0];
  const size = metadata?.isTensor ? metadata.shape[0] : undefined;
  return typeof size === 'number' ? size : undefined;
}

/** One tensor; a fixed batch that is not full ends with zeros. */
function stack(inputs: Float32Array[], session: InferenceSession, { manifest: { input } }: Model): Tensor {
  const size = input.channels * input.rows * input.columns;
  const batch = fixedBatch(session) ?? inputs.length;
  const data = new Float32Array(batch * size);
  for (const [index, one] of inputs.entries()) data.set(one, index * size);
  return new Tensor('float32', data, [batch, input.channels, input.rows, input.columns]);
}

/** One after the other; a fixed batch that is not full ends with zeros. */
function join(parts: readonly Float32Array[], length: number): Float32Array {
  const whole = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
