// Runs in a worker thread: ONNX Runtime computes inside the call, and would hold up every request of the server.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { ModelNotLoaded } from '../errors.js';
import { answering } from '../threads.js';
import { SEED } from './gradcam/explainer.js';
import { ExplainingSessions } from './gradcam/explainingSessions.js';
import type { Method } from './gradcam/maps.js';
import type { GrayscaleImage } from './image.js';
import type { Model } from './manifest.js';
import { type Frame, preprocess } from './preprocess.js';
import { type Device, type OpenSession, openSession, type Provider, sessionOptions } from './session.js';

type Loaded = OpenSession & { model: Model; explaining: ExplainingSessions };

/** By file: the sessions of this thread. */
const loaded = new Map<string, Loaded>();

export type LoadTask = { model: Model; device: Device };
export type ClassifyTask = { file: string; images: GrayscaleImage[] };
export type ExplainTask = {
  file: string;
  image: GrayscaleImage;
  seed: Float32Array;
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
  const explaining = new ExplainingSessions(model.file, sizes, sessionOptions(opened.provider));
  loaded.set(model.file, { ...opened, model, explaining });
  return { provider: opened.provider, notes: opened.notes };
});

/** One run for all images where the graph's batch dimension is free, one each where it is fixed. */
export const classify = answering(async ({ file, images }: ClassifyTask): Promise<Logits[]> => {
  const { session, model } = get(file);
  const { input, geometry, labels, outOfDistribution } = model.manifest;
  const inputs = images.map((image) => preprocess(image, input, geometry).input);
  const batches = hasFreeBatch(session) ? [inputs] : inputs.map((one) => [one]);
  const results: Logits[] = [];
  for (const batch of batches) {
    const start = performance.now();
    const outputs = await session.run({ [session.inputNames[0] as string]: stack(batch, model) });
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

/** The layers that a map can be had of, first to last. */
export const explainableLayers = answering(
  async ({ file }: { file: string }): Promise<string[]> => get(file).explaining.explainableLayers(),
);

/** The maps of all `layers` in one run. @throws ExplanationUnavailable */
export const explain = answering(async ({ file, image, seed, method, layers }: ExplainTask): Promise<Cam[]> => {
  const { model, explaining } = get(file);
  const { session, layers: explained } = await explaining.get(method, layers);
  const { input, frame } = preprocess(image, model.manifest.input, model.manifest.geometry);
  const outputs = await session.run(
    {
      [session.inputNames[0] as string]: stack([input], model),
      [SEED]: new Tensor('float32', seed, [1, seed.length]),
    },
    explained.map((layer) => layer.outputs[method] as string),
  );
  return explained.map(({ name, rows, columns, outputs: names }) => {
    const values = Float32Array.from(outputs[names[method] as string]?.data as Float32Array);
    return { layer: name, rows, columns, values, frame };
  });
});

function get(file: string): Loaded {
  const entry = loaded.get(file);
  if (!entry) throw new ModelNotLoaded(`The model ${file} was not loaded in this thread.`);
  return entry;
}

function hasFreeBatch(session: InferenceSession): boolean {
  const metadata = session.inputMetadata[0];
  return metadata?.isTensor === true && typeof metadata.shape[0] !== 'number';
}

function stack(inputs: Float32Array[], { manifest: { input } }: Model): Tensor {
  const size = input.channels * input.rows * input.columns;
  const data = new Float32Array(inputs.length * size);
  for (const [index, one] of inputs.entries()) data.set(one, index * size);
  return new Tensor('float32', data, [inputs.length, input.channels, input.rows, input.columns]);
}
