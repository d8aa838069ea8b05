import '../output/muteLibraries.js';
// This module runs in a worker thread, because ONNX Runtime computes inside the call and would block every request of
// the server.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { ExplanationUnavailable, ModelNotLoaded } from '../errors/errors.js';
import { answering, comeLast } from '../process/threads.js';
import type { SliceDecision } from './decide.js';
import { SEED } from './gradcam/explainer.js';
import { type Explainable, ExplainingSessions } from './gradcam/explainingSessions.js';
import type { Method } from './gradcam/maps.js';
import type { GrayscaleImage } from './image.js';
import { logSumExp } from './logSumExp.js';
import type { ModelFile } from './manifest.js';
import { mirror } from './mirror.js';
import { type InputRectangle, preprocess } from './preprocess.js';
import { type LeftRight, type Presence, readSeries, type ViewedSlice } from './readSeries.js';
import {
  type ExecutionProvider,
  type InferenceDevice,
  type OpenSession,
  openSession,
  sessionOptions,
} from './session.js';

comeLast();

type LoadedModel = OpenSession & { model: ModelFile; explaining: ExplainingSessions };

/** Most images in one run of a graph whose batch size is free. */
const MOST_AT_ONCE = 16;
/** The loaded models of this thread, by file. */
const loaded = new Map<string, LoadedModel>();

/** The tasks of the thread. `file` identifies a loaded model. */
export type LoadTask = { model: ModelFile; device: InferenceDevice };
export type ClassifyTask = { file: string; images: GrayscaleImage[] };
export type ReadTask = { file: string; slices: readonly ViewedSlice[]; leftRight: LeftRight | null };
export type ExplainTask = {
  file: string;
  images: readonly GrayscaleImage[];
  /** What to explain in each image: a weight for each logit. */
  seeds: readonly Float32Array[];
  method: Method;
  layers: readonly string[];
};
/**
 * The view of one image, and how long it took. `novelty` and `presence` are null where the manifest names no output for
 * them.
 */
export type TimedView = Omit<ViewedSlice, 'location'> & { milliseconds: number };
/**
 * A map of one layer. `values`: rows × columns, as computed. `frame`: the rectangle that the map covers, in slice
 * pixels.
 */
export type Cam = { layer: string; rows: number; columns: number; values: Float32Array; frame: InputRectangle };

/** Loads a model. @throws ModelInvalid, DeviceUnavailable. */
export const load = answering(
  async ({ model, device }: LoadTask): Promise<{ provider: ExecutionProvider; notes: string[] }> => {
    const { input, labels, outOfDistribution, inSeries } = model.manifest;
    const shape = { ...input, labels: labels.length, novelty: outOfDistribution?.output, maps: inSeries?.output };
    const opened = await openSession(model.file, device, shape);
    const sizes = [input.channels, input.rows, input.columns];
    const { external = {}, sha256, graphSha256 = sha256 } = model.manifest;
    const options = sessionOptions(opened.provider);
    const explaining = new ExplainingSessions(model.file, graphSha256, sizes, options, external);
    loaded.set(model.file, { ...opened, model, explaining });
    return { provider: opened.provider, notes: opened.notes };
  },
);

/** Views images in runs of the graph's fixed batch size, or of a few where it is free, so that memory stays bounded. */
export const classify = answering(async ({ file, images }: ClassifyTask): Promise<TimedView[]> => {
  const { session, model } = get(file);
  const { input, geometry, mirrored } = model.manifest;
  const prepared = images.map((image) => preprocess(image, input, geometry));
  const planes = prepared.flatMap((slice) =>
    mirrored ? [slice.input, mirror(slice.input, input.columns)] : [slice.input],
  );
  const views: View[] = [];
  const size = fixedBatch(session) ?? MOST_AT_ONCE;
  for (let first = 0; first < planes.length; first += size)
    views.push(...(await runBatch(planes.slice(first, first + size), session, model)));
  return prepared.map(({ frame }, index) => {
    const own = mirrored ? views.slice(2 * index, 2 * index + 2) : views.slice(index, index + 1);
    return meanOfViews(own, frame, images[index] as GrayscaleImage);
  });
});

/** Decides on the slices of one series together. */
export const read = answering(
  async ({ file, slices, leftRight }: ReadTask): Promise<SliceDecision[]> =>
    readSeries(slices, leftRight, get(file).model.manifest),
);

/** What one pass of one plane through the network gives. */
type View = {
  logits: Float32Array;
  novelty: number | null;
  presence: Omit<Presence, 'frame'> | null;
  milliseconds: number;
};

async function runBatch(batch: Float32Array[], session: InferenceSession, model: ModelFile): Promise<View[]> {
  const { labels, normalLabel, outOfDistribution, inSeries } = model.manifest;
  const start = performance.now();
  const outputs = await session.run({ [session.inputNames[0] as string]: stack(batch, session, model) });
  const milliseconds = (performance.now() - start) / batch.length;
  const values = outputs[session.outputNames[0] as string]?.data as Float32Array;
  const novelties = outOfDistribution && (outputs[outOfDistribution.output]?.data as Float32Array);
  const maps = inSeries && outputs[inSeries.output];
  return batch.map((_, index) => ({
    logits: values.slice(index * labels.length, (index + 1) * labels.length),
    novelty: novelties?.[index] ?? null,
    presence: maps ? presenceOf(maps, index, labels.indexOf(normalLabel as string)) : null,
    milliseconds,
  }));
}

/**
 * The presence map of slice `index`, from maps [N, labels, rows, columns]: in each cell the log odds of any finding
 * against the normal label.
 */
function presenceOf(maps: Tensor, index: number, normal: number): Omit<Presence, 'frame'> {
  const [, labels, rows, columns] = maps.dims as [number, number, number, number];
  const cells = rows * columns;
  const own = (maps.data as Float32Array).subarray(index * labels * cells, (index + 1) * labels * cells);
  const findings = Array.from({ length: labels }, (_, label) => label).filter((label) => label !== normal);
  const values = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const kinds = findings.map((label) => own[label * cells + cell] as number);
    values[cell] = logSumExp(kinds) - (own[normal * cells + cell] as number);
  }
  return { rows, columns, values };
}

/** The mean of a slice's views: as it is, and mirrored where the manifest asks for that. */
function meanOfViews(views: View[], frame: InputRectangle, { rows, columns }: GrayscaleImage): TimedView {
  const [first, second] = views as [View, View | undefined];
  const milliseconds = views.reduce((sum, view) => sum + view.milliseconds, 0);
  const shares = {
    top: frame.top / rows,
    left: frame.left / columns,
    height: frame.height / rows,
    width: frame.width / columns,
  };
  if (!second) return { ...first, presence: first.presence && { ...first.presence, frame: shares }, milliseconds };
  const presence = first.presence && {
    ...first.presence,
    values: mean(first.presence.values, mirror(second.presence?.values as Float32Array, first.presence.columns)),
    frame: shares,
  };
  const novelty = first.novelty === null ? null : (first.novelty + (second.novelty as number)) / 2;
  return { logits: mean(first.logits, second.logits), novelty, presence, milliseconds };
}

const mean = (a: Float32Array, b: Float32Array): Float32Array =>
  a.map((value, index) => (value + (b[index] as number)) / 2);

/** Which layers of the model can be explained. @throws ExplanationUnavailable, ModelInvalid. */
export const explainable = answering(
  async ({ file }: { file: string }): Promise<Explainable> => get(file).explaining.explainable(),
);

/**
 * The maps of all `layers` for each image, in as few runs as the batch size allows.
 * @throws ExplanationUnavailable, also where a map holds something that is not a finite number.
 */
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
          batch.map((slice) => slice.input),
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

/** Releases all sessions; to be called before the thread ends. */
export const release = answering(async (): Promise<void> => {
  for (const { session, explaining } of loaded.values()) {
    await explaining.close();
    await session.release();
  }
  loaded.clear();
});

function get(file: string): LoadedModel {
  const entry = loaded.get(file);
  if (!entry) throw new ModelNotLoaded(`The model ${file} was not loaded in this thread.`);
  return entry;
}

/** The fixed batch size of a graph; undefined where it is free. */
function fixedBatch(session: InferenceSession): number | undefined {
  const metadata = session.inputMetadata[0];
  const size = metadata?.isTensor ? metadata.shape[0] : undefined;
  return typeof size === 'number' ? size : undefined;
}

/** Stacks inputs into one tensor. A fixed batch that is not full ends with zeros. */
function stack(inputs: Float32Array[], session: InferenceSession, { manifest: { input } }: ModelFile): Tensor {
  const size = input.channels * input.rows * input.columns;
  const batch = fixedBatch(session) ?? inputs.length;
  const data = new Float32Array(batch * size);
  for (const [index, values] of inputs.entries()) data.set(values, index * size);
  return new Tensor('float32', data, [batch, input.channels, input.rows, input.columns]);
}

/** Joins arrays into one of `length` values, the rest zeros. */
function join(parts: readonly Float32Array[], length: number): Float32Array {
  const whole = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
