// Runs in a worker thread: ONNX Runtime computes inside the call, and would hold up every request of the server.
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ExplanationUnavailable } from '../errors.js';
import { answering } from '../threads.js';
import { appendExplanations, SEED } from './gradcam/explainer.js';
import { readGraph } from './gradcam/graph.js';
import { convolutionalLayers } from './gradcam/layers.js';
import type { GrayscaleImage } from './image.js';
import type { Model } from './manifest.js';
import { type Frame, preprocess } from './preprocess.js';
import { type Device, type OpenSession, openSession, type Provider, sessionOptions } from './session.js';

type Loaded = OpenSession & { model: Model; explaining?: Promise<Explaining> };
type Explaining = { session: InferenceSession; layer: string; output: string };

/** By file: the sessions of this thread. */
const loaded = new Map<string, Loaded>();

export type LoadTask = { model: Model; device: Device };
export type ClassifyTask = { file: string; images: GrayscaleImage[] };
export type ExplainTask = { file: string; image: GrayscaleImage; seed: Float32Array };
export type Logits = { logits: Float32Array; milliseconds: number };
/** `values`: rows × columns, as computed. `frame`: the rectangle of the slice, in slice pixels, that the map covers. */
export type Cam = { layer: string; rows: number; columns: number; values: Float32Array; frame: Frame };

export const load = answering(async ({ model, device }: LoadTask): Promise<{ provider: Provider; notes: string[] }> => {
  const { input, labels } = model.manifest;
  const opened = await openSession(model.file, device, { ...input, labels: labels.length });
  loaded.set(model.file, { ...opened, model });
  return { provider: opened.provider, notes: opened.notes };
});

/** One run for all images where the graph's batch dimension is free, one each where it is fixed. */
export const classify = answering(async ({ file, images }: ClassifyTask): Promise<Logits[]> => {
  const { session, model } = get(file);
  const { input, geometry, labels } = model.manifest;
  const inputs = images.map((image) => preprocess(image, input, geometry).input);
  const batches = hasFreeBatch(session) ? [inputs] : inputs.map((one) => [one]);
  const results: Logits[] = [];
  for (const batch of batches) {
    const start = performance.now();
    const outputs = await session.run({ [session.inputNames[0] as string]: stack(batch, model) });
    const milliseconds = (performance.now() - start) / batch.length;
    const values = outputs[session.outputNames[0] as string]?.data as Float32Array;
    for (let index = 0; index < batch.length; index++)
      results.push({ logits: values.slice(index * labels.length, (index + 1) * labels.length), milliseconds });
  }
  return results;
});

export const explain = answering(async ({ file, image, seed }: ExplainTask): Promise<Cam> => {
  const entry = get(file);
  entry.explaining ??= openExplaining(entry);
  const { session, layer, output } = await entry.explaining;
  const { input, frame } = preprocess(image, entry.model.manifest.input, entry.model.manifest.geometry);
  const outputs = await session.run(
    {
      [session.inputNames[0] as string]: stack([input], entry.model),
      [SEED]: new Tensor('float32', seed, [1, seed.length]),
    },
    [output],
  );
  const cam = outputs[output] as Tensor;
  const [, rows, columns] = cam.dims as [number, number, number];
  return { layer, rows, columns, values: Float32Array.from(cam.data as Float32Array), frame };
});

/** Built when the first explanation is asked for: predicting alone never pays for it. */
async function openExplaining({ model, provider }: Loaded): Promise<Explaining> {
  const bytes = await readFile(model.file);
  const last = convolutionalLayers(readGraph(bytes)).at(-1);
  const { input } = model.manifest;
  const { model: enlarged, layers } = await appendExplanations(bytes, {
    methods: ['GRAD_CAM'],
    layers: last ? [last.name] : [],
    sizes: [input.channels, input.rows, input.columns],
  });
  const [layer] = layers;
  if (!layer) throw new ExplanationUnavailable('The gradient cannot reach the last convolutional layer of the model.');
  const session = await InferenceSession.create(enlarged, sessionOptions(provider));
  return { session, layer: layer.name, output: layer.outputs.GRAD_CAM as string };
}

function get(file: string): Loaded {
  const entry = loaded.get(file);
  if (!entry) throw new Error(`The model ${file} was not loaded in this thread.`);
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
