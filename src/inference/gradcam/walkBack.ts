import type { Facts } from './graph/facts.js';
import type { GraphNode } from './graph/graph.js';
import type { GraphWriter } from './graph/writer.js';
import type { Path } from './path.js';
import { BackwardStep, NotCovered } from './rules/rule.js';
import { rules } from './rules/rules.js';

/** An operator that the gradient cannot pass, and why. */
export type Obstacle = { operator: string; node: string; reason: string };

/** The gradients on a path. */
export type Gradients = {
  /** The name of a value's gradient; undefined where an obstacle lies between the value and the logits. */
  of(value: string): string | undefined;
  obstacles: Obstacle[];
};

/**
 * Differentiates the graph in reverse mode: from the gradient of the logits to those of all values on the path.
 * The gradient of a value with several consumers is the sum of what comes back from each. If one of them cannot be
 * passed, neither the value nor anything before it has a gradient.
 */
export function walkBack(
  path: Path,
  start: { value: string; gradient: string },
  facts: Facts,
  writer: GraphWriter,
): Gradients {
  const arrived = new Map<string, string[]>([[start.value, [start.gradient]]]);
  const blocked = new Set<string>();
  const obstacles: Obstacle[] = [];

  const gradientOf = (value: string): string | undefined => {
    const [first, ...more] = (!blocked.has(value) && arrived.get(value)) || [];
    if (!first || more.length === 0) return first;
    const sum = writer.node('Sum', [first, ...more]);
    arrived.set(value, [sum]);
    return sum;
  };
  const pass = (node: GraphNode, gradients: (string | undefined)[]) => {
    const rule = rules[node.opType];
    if (!rule) throw new NotCovered('there is no rule for it');
    const ways = rule(new BackwardStep(node, gradients, writer, facts));
    return node.inputs.map((input, index) => {
      if (!path.values.has(input)) return undefined;
      const way = ways[index];
      if (!way) throw new NotCovered(`the gradient of its input ${index} is not known`);
      return way();
    });
  };

  // The nodes of an ONNX graph are in the order of computation. In reverse, all consumers of a value come before it.
  for (const node of path.nodes.toReversed()) {
    if (node.outputs.some((output) => blocked.has(output))) {
      for (const input of node.inputs) blocked.add(input);
      continue;
    }
    const gradients = node.outputs.map(gradientOf);
    if (gradients.every((gradient) => gradient === undefined)) continue;
    try {
      for (const [index, gradient] of pass(node, gradients).entries()) {
        const input = node.inputs[index] as string;
        if (gradient !== undefined) arrived.set(input, [...(arrived.get(input) ?? []), gradient]);
      }
    } catch (error) {
      if (!(error instanceof NotCovered)) throw error;
      obstacles.push({
        operator: node.opType,
        node: node.name || (node.outputs[0] as string),
        reason: error.message,
      });
      for (const input of node.inputs) blocked.add(input);
    }
  }
  return { of: gradientOf, obstacles };
}
