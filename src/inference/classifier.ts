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

// ONNX Runtime would write an id of this machine to the user's cache folder and contact its makers' server. It reads
// this variable once, when it is loaded, and a worker thread cannot set it, because its environment is a copy.
process.env.ORT_DISABLE_TELEMETRY = '1';

/** The decision on one slice, and the time in ms that inference took. */
export type PredictedSlice = SliceDecision & { inferenceMs: number };

/**
 * What a map explains: what speaks for `label`, or for `label` rather than `against` (the difference of their logits).
 */
export type ExplanationTarget = { label: string; against?: string | undefined };

/** A classifier: a model that is loaded and runs in a thread of its own. */
export type Classifier = {
  manifest: Manifest;
  provider: ExecutionProvider;
  /** Why this execution provider was chosen, for people. */
  notes: string[];
  /** Names of the convolutional layers, first to last. */
  layers: string[];
  explainable(): Promise<Explainable>;
  /** False where its thread died and the model could not be loaded again. */
  isLoaded(): boolean;
  /** Decides on each image by itself. */
  classify(images: GrayscaleImage[]): Promise<PredictedSlice[]>;
  /** Views each image: what the model sees in it, without a decision. */
  view(images: GrayscaleImage[]): Promise<TimedView[]>;
  /**
   * Decides on the slices of one series together, from their views. It runs in the thread, because a large series takes
   * a while.
   */
  readSeries(slices: readonly ViewedSlice[], leftRight: LeftRight | null): Promise<SliceDecision[]>;
  /** Maps of `layers` for one image, in one run. @throws LabelNotFound, ExplanationUnavailable. */
  explain(image: GrayscaleImage, what: ExplanationTarget, method: Method, layers: readonly string[]): Promise<Cam[]>;
  /**
   * Maps of `layers` for several images, in one run; `what[i]` belongs to `images[i]`. If one image has no map, the
   * whole call fails.
   */
  explainAll(
    images: readonly GrayscaleImage[],
    what: readonly ExplanationTarget[],
    method: Method,
    layers: readonly string[],
  ): Promise<Cam[][]>;
  /** Resolves when the current run has ended. Runs that wait fail as Interrupted. */
  close(): Promise<void>;
};

/**
 * Loads a model in a thread of its own.
 * @throws ModelInvalid, DeviceUnavailable.
 */
export async function openClassifier(model: ModelFile, device: InferenceDevice): Promise<Classifier> {
  const thread = startThread(model, device);
  try {
    const { provider, notes } = await thread.run<{ provider: ExecutionProvider; notes: string[] }>(
      { model, device },
      'load',
    );
    const { manifest, file } = model;
    const view: Classifier['view'] = (images) => thread.run<TimedView[]>({ file, images }, 'classify');
    const explainAll: Classifier['explainAll'] = async (images, what, method, layers) => {
      const seeds = what.map((target) => seedOf(target, manifest));
      return thread.run<Cam[][]>({ file, images, seeds, method, layers }, 'explain');
    };
    return {
      manifest,
      provider,
      notes,
      layers: convolutionalLayers(readGraph(await readFile(file))).map(({ name }) => name),
      isLoaded: thread.isLoaded,
      explainable: () => thread.run<Explainable>({ file }, 'explainable'),
      classify: async (images) =>
        (await view(images)).map(({ logits, novelty, milliseconds }) => ({
          ...decide(logits, manifest, novelty),
          inferenceMs: milliseconds,
        })),
      view,
      readSeries: (slices, leftRight) => thread.run<SliceDecision[]>({ file, slices, leftRight }, 'read'),
      explain: async (image, what, method, layers) => (await explainAll([image], [what], method, layers))[0] as Cam[],
      explainAll,
      close: thread.close,
    };
  } catch (error) {
    await thread.close();
    throw error;
  }
}

type Task = LoadTask | ClassifyTask | ReadTask | ExplainTask | { file: string };

/** Runs tasks in a thread. `run`: loads the model again where the thread has died. */
type InferenceThread = {
  run<Result>(task: Task, name: string): Promise<Result>;
  isLoaded(): boolean;
  close(): Promise<void>;
};

function startThread(model: ModelFile, device: InferenceDevice): InferenceThread {
  const threads = new Piscina({
    filename: fileURLToPath(new URL('./inferenceWorker.js', import.meta.url)),
    minThreads: 1,
    maxThreads: 1, // ONNX Runtime itself uses the other cores
    idleTimeout: Number.POSITIVE_INFINITY, // the loaded model lives in the thread
  });
  let loaded = true;
  let closed: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  /** Runs tasks one at a time, since there is one thread. Whoever closes it thus knows when nothing runs in it. */
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
  // ONNX Runtime computes outside of the thread, and ends the whole process when it returns to a thread that is gone.
  // So the last run must end first.
  const stop = async () => {
    await last.catch(() => {});
    await threads.run(null, { name: 'release' }).catch(() => {}); // fails where the thread has died
    await threads.destroy();
  };
  return {
    run: <Result>(task: Task, name: string) =>
      ask<Result>(task, name).catch(async (error) => {
        if (!(error instanceof ModelNotLoaded)) throw error;
        loaded = false; // the previous thread died with the model
        await ask({ model, device }, 'load');
        loaded = true;
        return ask<Result>(task, name);
      }),
    isLoaded: () => loaded,
    close: () => {
      closed ??= stop();
      return closed;
    },
  };
}

/** The weight of each logit in what is explained. @throws LabelNotFound */
function seedOf({ against, label }: ExplanationTarget, { labels }: Manifest): Float32Array {
  const unknown = [label, against].find((name) => name !== undefined && !labels.includes(name));
  if (unknown !== undefined)
    throw new LabelNotFound(`The model has no label "${unknown}". Its labels: ${labels.join(', ')}.`);
  if (label === against) throw new LabelNotFound('A label cannot be contrasted with itself. Name another one.');
  return Float32Array.from(labels, (name) => Number(name === label) - Number(name === against));
}
