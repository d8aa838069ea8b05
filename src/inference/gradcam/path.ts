import type { Graph, GraphNode } from './graph/graph.js';
import type { Layer } from './layers.js';
import { constantOperators } from './rules/rules.js';

const SHAPING = ['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze'];

/** The name of the logits: the input of a trailing Softmax, even if its output is reshaped; else the first output. */
export function logitsOf({ nodes, outputs }: Graph): string {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const [output] = outputs as [string];
  let value = output;
  let node = producers.get(value);
  while (node && SHAPING.includes(node.opType)) {
    value = node.inputs[0] as string;
    node = producers.get(value);
  }
  return node && ['Softmax', 'LogSoftmax'].includes(node.opType) ? (node.inputs[0] as string) : output;
}

/** The nodes and values between layers and logits. Only these need gradients. */
export type Path = { nodes: GraphNode[]; values: ReadonlySet<string> };

/** Finds the nodes and values between `layers` and `logits`. */
export function pathBetween({ nodes }: Graph, layers: readonly Layer[], logits: string): Path {
  const after = new Set(layers.map(({ activations }) => activations));
  for (const { opType, inputs, outputs } of nodes)
    if (!constantOperators.has(opType) && inputs.some((input) => after.has(input)))
      for (const output of outputs) after.add(output);
  const before = new Set([logits]);
  for (const { outputs, inputs } of nodes.toReversed())
    if (outputs.some((output) => before.has(output))) for (const input of inputs) before.add(input);
  const values = new Set([...after].filter((value) => value !== '' && before.has(value)));
  const on = (names: readonly string[]) => names.some((name) => values.has(name));
  return { nodes: nodes.filter(({ inputs, outputs }) => on(inputs) && on(outputs)), values };
}
