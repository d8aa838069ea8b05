import { ExplanationUnavailable } from '../../errors.js';
import { type Graph, type Node, readGraph } from './graph.js';
import { rules } from './rules.js';
import { GraphWriter } from './writer.js';

/** Extra input, float32 [N, labels]: what to explain. One-hot for one label; +1 and −1 for a contrast of two. */
export const SEED = 'mrimaster/seed';
/** Extra output, float32 [N, rows, columns]: the Grad-CAM map, ≥ 0, as computed. */
export const CAM = 'mrimaster/cam';

export type Explainer = { model: Uint8Array; layer: string };

/**
 * An ONNX classifier enlarged by the Grad-CAM of its last convolutional layer (Selvaraju et al., ICCV 2017): each
 * activation map of the layer, weighted by the mean gradient of the explained logit over it, summed, negative parts
 * cut off. The layer's activations are the convolution's own output.
 * @throws ExplanationUnavailable naming the operator that the gradient cannot pass.
 */
export function appendGradCam(model: Uint8Array): Explainer {
  const graph = readGraph(model);
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const writer = new GraphWriter();
  writer.input(SEED, ['N', 'labels']);
  const { layer, gradient } = walkBack(graph, producers, writer);
  writer.output(CAM, cam(layer.outputs[0] as string, gradient, writer), ['N', 'rows', 'columns']);
  return { model: writer.appendTo(model), layer: layerName(layer) };
}

/** Names of the convolutional layers, first to last. */
export function convolutionalLayers(model: Uint8Array): string[] {
  return readGraph(model)
    .nodes.filter(({ opType }) => opType === 'Conv')
    .map(layerName);
}

function layerName(node: Node): string {
  return node.name || (node.outputs[0] as string);
}

/** From the logits (behind a trailing Softmax, if there is one) back to the last convolution. */
function walkBack(graph: Graph, producers: Map<string, Node>, writer: GraphWriter): { layer: Node; gradient: string } {
  let gradient = SEED;
  let value = graph.outputs[0] as string;
  const last = producers.get(value);
  if (last?.opType === 'Softmax') value = last.inputs[0] as string;
  for (;;) {
    const node = producers.get(value);
    if (!node)
      throw new ExplanationUnavailable('The model has no convolutional layer before its logits; nothing to map.');
    if (node.opType === 'Conv') return { layer: node, gradient };
    const rule = rules[node.opType];
    if (!rule)
      throw new ExplanationUnavailable(
        `The gradient cannot pass the operator ${node.opType} ("${layerName(node)}"). Operators with a rule: ${Object.keys(rules).join(', ')}.`,
      );
    gradient = rule(gradient, node, writer);
    value = node.inputs[0] as string;
  }
}

function cam(activations: string, gradient: string, writer: GraphWriter): string {
  const means = writer.node('GlobalAveragePool', [gradient]); // [N, C, 1, 1]
  const weights = writer.node('Reshape', [means, writer.integers([0, 1, -1])]);
  const flat = writer.node('Reshape', [activations, writer.integers([0, 0, -1])]); // [N, C, rows · columns]
  const sum = writer.node('Relu', [writer.node('MatMul', [weights, flat])]);
  const shape = writer.node('Shape', [activations]);
  const batch = writer.node('Slice', [shape, writer.integers([0]), writer.integers([1])]);
  const size = writer.node('Slice', [shape, writer.integers([2]), writer.integers([4])]);
  return writer.node('Reshape', [sum, writer.node('Concat', [batch, size], { axis: 0 })]);
}
