import type { Graph, GraphNode } from './graph/graph.js';

/** A convolution, under the name that the model's author knows. `activations`: name of its output. */
export type Layer = { name: string; node: GraphNode; activations: string };

/** The convolutional layers, first to last. Each name is unique. */
export function convolutionalLayers({ nodes }: Graph): Layer[] {
  const seen = new Map<string, number>();
  return nodes
    .filter(({ opType }) => opType === 'Conv')
    .map((node) => {
      const name = nameOf(node);
      const count = (seen.get(name) ?? 0) + 1; // a module that is called twice gives two layers
      seen.set(name, count);
      return { name: count === 1 ? name : `${name}#${count}`, node, activations: node.outputs[0] as string };
    });
}

/**
 * The name of a layer, the first of these that exists: the module of its weight ("layer4.1.conv2.weight"), the module's
 * path in the node's name ("/layer4/layer4.1/conv2/Conv"), the node's name, its output's name.
 */
function nameOf({ name, inputs, outputs }: GraphNode): string {
  const module = /^(.+)\.weight$/.exec(inputs[1] ?? '')?.[1];
  if (module) return module;
  const path = name.split('/').filter((part) => part !== '');
  if (path.length > 1 && /^Conv/.test(path.at(-1) as string)) return moduleOf(path.slice(0, -1));
  return name || (outputs[0] as string);
}

/** Joins a path: ["layer4", "layer4.1", "conv2"] → "layer4.1.conv2". A member of a list repeats the list's name. */
function moduleOf(path: readonly string[]): string {
  return path.filter((part, index) => !path[index + 1]?.startsWith(`${part}.`)).join('.');
}
