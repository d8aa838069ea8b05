import { ExplanationUnavailable, LayerNotFound } from '../../errors/errors.js';
import { type ExternalData, type Facts, measureFacts } from './graph/facts.js';
import { readGraph } from './graph/graph.js';
import { GraphWriter } from './graph/writer.js';
import { convolutionalLayers, type Layer } from './layers.js';
import { type Method, maps } from './maps.js';
import { logitsOf, pathBetween } from './path.js';
import { type Obstacle, walkBack } from './walkBack.js';

/**
 * Name of the added input, float32 [N, labels]: what to explain. One-hot for one label; +1 and −1 for a contrast of
 * two.
 */
export const SEED = 'mrimaster/seed';
const OLDEST_OPSET = 11;

/** What explanations are appended for. */
export type ExplainerOptions = {
  methods: readonly Method[];
  /** All layers by default. */
  layers?: readonly string[] | undefined;
  /** Size of the input, [channels, rows, columns]; needed where the graph leaves it open. */
  sizes?: readonly number[] | undefined;
  /** The files that hold weights outside of the model, by the path that the model gives. */
  externalData?: ExternalData;
};

/**
 * A layer with its maps. `outputs`: by method, the name of the output with the map: float32 [N, rows, columns], ≥ 0, as
 * computed.
 */
export type ExplainedLayer = { name: string; rows: number; columns: number; outputs: Partial<Record<Method, string>> };

/** An enlarged model, and what could not be explained. */
export type Explainer = {
  model: Uint8Array;
  /** The explained layers, first to last. */
  layers: ExplainedLayer[];
  /** The operators that the gradient cannot pass. */
  unsupported: Obstacle[];
  /** Names of the layers before these operators, first to last. */
  unexplainable: string[];
};

/**
 * Enlarges an ONNX classifier by maps of its convolutional layers: one run then gives the logits and, for what SEED
 * asks, every map. The backward pass is appended to the model's bytes in standard operators; nothing of the model
 * changes.
 * @throws LayerNotFound, or ExplanationUnavailable where no layer leads to the logits, or the opset is too old.
 */
export async function appendExplanations(model: Uint8Array, options: ExplainerOptions): Promise<Explainer> {
  const graph = readGraph(model);
  if (graph.opset < OLDEST_OPSET)
    throw new ExplanationUnavailable(
      `The model was exported at opset ${graph.opset}; explaining needs ${OLDEST_OPSET} or newer. Export it again, or convert it with onnx.version_converter.`,
    );
  const logits = logitsOf(graph);
  const layers = chooseLayers(convolutionalLayers(graph), options.layers);
  const path = pathBetween(graph, layers, logits);
  if (!layers.some(({ activations }) => path.values.has(activations)))
    throw new ExplanationUnavailable(
      'No convolutional layer leads to the logits of the model; there is nothing to map.',
    );
  const others = layers.map(({ activations }) => activations).filter((value) => path.values.has(value));
  const facts = await measureFacts(
    model,
    graph,
    path.nodes,
    [logits, ...others],
    options.sizes,
    options.externalData ?? [],
  );
  const shapeOf = (value: string) => facts.shapes.get(value) as readonly number[];

  const writer = new GraphWriter(graph.opset);
  const labels = shapeOf(logits).slice(shapeOf(logits).length === 1 ? 0 : 1); // the shape is [labels] where the graph squeezes the batch away
  writer.input(SEED, ['N', labels.reduce((product, size) => product * size, 1)]);
  const gradient = shapeOf(logits).length === 2 ? SEED : writer.reshape(SEED, shapeOf(logits));
  const gradients = walkBack(path, { value: logits, gradient }, facts, writer);

  const obstacles = [...gradients.obstacles];
  const explained: ExplainedLayer[] = [];
  const unexplainable: string[] = [];
  for (const { name, activations } of layers) {
    const g = gradients.of(activations);
    const shape = facts.shapes.get(activations);
    const objection = whyNoMap(activations, facts);
    if (!g || !shape || objection) {
      unexplainable.push(name);
      if (g && objection) obstacles.push({ operator: 'Conv', node: name, reason: objection });
      continue;
    }
    const outputs: Partial<Record<Method, string>> = {};
    for (const method of options.methods) {
      const output = `mrimaster/${method}/${name}`;
      writer.output(output, maps[method]({ writer, a: activations, g, shape }));
      outputs[method] = output;
    }
    explained.push({ name, rows: shape[2] as number, columns: shape[3] as number, outputs });
  }
  return { model: writer.appendTo(model), layers: explained, unsupported: obstacles, unexplainable };
}

/** Why a layer has no map; null where it can have one. A map must lie on its slice as the slice itself does. */
function whyNoMap(activations: string, { shapes, folded, mirrored }: Facts): string | null {
  if (shapes.get(activations)?.length !== 4) return 'it is not over rows and columns';
  if (folded.has(activations)) return 'its images are not one a slice';
  return mirrored.has(activations) ? 'its images are mirrored against the slice' : null;
}

function chooseLayers(all: readonly Layer[], wanted: readonly string[] | undefined): readonly Layer[] {
  if (!wanted) return all;
  const names = all.map(({ name }) => name);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new LayerNotFound(
      `The model has no convolutional layer "${missing.join('", "')}". Its layers: ${names.join(', ')}.`,
    );
  return all.filter(({ name }) => wanted.includes(name));
}
