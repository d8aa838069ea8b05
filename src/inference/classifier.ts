import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { Interrupted, LabelNotFound, ModelNotLoaded } from '../errors/errors.js';
import { answerOf } from '../process/threads.js';
import { decide, type SliceDecision } from './decide.js';
import type { Explainable } from './gradcam/explainingSessions.js';
import { readGraph } from './gradcam/graph/graph.js';
import { convolutionalLayers } from './gradcam/layers.js';
import type { Method } from './gradcam/maps.js';
import type { GrayscaleImage } from './image.js';
import type { Cam, ClassifyTask, ExplainTask, LoadTask, ReadTask, TimedView } from './inferenceWorker.js';
import type { Manifest, ModelFile } from './manifest.js';
import type { LeftRight, ViewedSlice } from './readSeries.js';
import type { ExecutionProvider, InferenceDevice } from './session.js';

// ONNX Runtime would write an id of this machine to the user's cache folder, and look for its makers' server. It reads
// this once, when it is loaded; what a worker thread sets reaches only JavaScript, so it is set here.
process.env.ORT_DISABLE_TELEMETRY = '1';

export type PredictedSlice = SliceDecision & { inferenceMs: number };

/** What speaks for `label`, or for it rather than for `against`: the difference of their logits. */
export type ExplanationTarget = { label: string; against?: string | undefined };

/** A model at work, in a thread of its own. */
export type Classifier = {
  manifest: Manifest;
  provider: ExecutionProvider;
  /** Why this provider and not another, for people. */
  notes: string[];
  /** The convolutional layers, first to last. */
  layers: string[];
  explainable(): Promise<Explainable>;
  /** false where its thread died and the model cannot be loaded again. */
  isLoaded(): boolean;
  /** Each image by itself. */
  classify(images: GrayscaleImage[]): Promise<PredictedSlice[]>;
  /** What the model sees in each. */
  view(images: GrayscaleImage[]): Promise<TimedView[]>;
  /** Slices of one series together, from what was seen in them; in the thread, for a large series takes a while. */
  readSeries(slices: readonly ViewedSlice[], leftRight: LeftRight | null): Promise<SliceDecision[]>;
  /** Maps of `layers`, in one run. @throws LabelNotFound, ExplanationUnavailable */
  explain(image: GrayscaleImage, what: ExplanationTarget, method: Method, layers: readonly string[]): Promise<Cam[]>;
  /** The same of several images, all in one run; where one of them has no map, none is had. */
  explainAll(
    images: readonly GrayscaleImage[],
    what: readonly ExplanationTarget[],
    method: Method,
    layers: readonly string[],
  ): Promise<Cam[][]>;
  /** Resolves when the run at hand has ended; what waits behind it fails as Interrupted. */
  close(): Promise<void>;
};

/** @throws ModelInvalid, DeviceUnavailable */
export async function openClassifier(model: ModelFile, device: InferenceDevice): Promise<Classifier> {
  const threads = new Piscina({
    filename: fileURLToPath(new URL('./inferenceWorker.js', import.meta.url)),
    minThreads: 1,
    maxThreads: 1, // ONNX Runtime itself uses the other cores
    idleTimeout: Number.POSITIVE_INFINITY, // the loaded model lives in the thread
  });
  type Task = LoadTask | ClassifyTask | ReadTask | ExplainTask | { file: string };
  let closed: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time, as there is one thread: whoever closes it knows when nothing runs in it. */
  const ask = <Result>(task: Task, name: string): Promise<Result> => {
    const turn = last
      .catch(() => {})
      .then(async () => {
        if (closed) throw new Interrupted('MRIMaster was stopped. Ask again when it runs again.');
        return answerOf<Result>(await threads.run(task, { name }));
      });
    last = turn;
    return turn;
  };
  // ONNX Runtime computes outside of the thread, and ends the whole process when it comes back to one that is gone.
  const close = async () => {
    await last.catch(() => {});
    await threads.run(null, { name: 'release' }).catch(() => {}); // the thread may have died before
    await threads.destroy();
  };
  let loaded = true;
  const run = <Result>(task: Task, name: string): Promise<Result> =>
    ask<Result>(task, name).catch(async (error) => {
      if (!(error instanceof ModelNotLoaded)) throw error;
      loaded = false; // the thread before this one died
      await ask({ model, device }, 'load');
      loaded = true;
      return ask<Result>(task, name);
    });
  try {
    const { provider, notes } = await run<{ provider: ExecutionProvider; notes: string[] }>({ model, device }, 'load');
    const { manifest, file } = model;
    const seedOf = ({ against, label }: ExplanationTarget): Float32Array => {
      const unknown = [label, against].find((name) => name !== undefined && !manifest.labels.includes(name));
      if (unknown !== undefined)
        throw new LabelNotFound(`The model has no label "${unknown}". Its labels: ${manifest.labels.join(', ')}.`);
      if (label === against) throw new LabelNotFound('A label cannot be contrasted with itself. Name another one.');
      return Float32Array.from(manifest.labels, (one) => Number(one === label) - Number(one === against));
    };
    const view: Classifier['view'] = (images) => run<TimedView[]>({ file, images }, 'classify');
    const explainAll: Classifier['explainAll'] = async (images, what, method, layers) =>
      run<Cam[][]>({ file, images, seeds: what.map(seedOf), method, layers }, 'explain');
    return {
      manifest,
      provider,
      notes,
      layers: convolutionalLayers(readGraph(await readFile(file))).map(({ name }) => name),
      isLoaded: () => loaded,
      explainable: () => run<Explainable>({ file }, 'explainable'),
      classify: async (images) =>
        (await view(images)).map(({ logits, novelty, milliseconds }) => ({
          ...decide(logits, manifest, novelty),
          inferenceMs: milliseconds,
        })),
      view,
      readSeries: (slices, leftRight) => run<SliceDecision[]>({ file, slices, leftRight }, 'read'),
      explain: async (image, what, method, layers) => (await explainAll([image], [what], method, layers))[0] as Cam[],
      explainAll,
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    closed = close();
    await closed;
    throw error;
  }
}
