import type { Facts } from '../graph/facts.js';
import type { GraphNode } from '../graph/graph.js';
import type { GraphWriter } from '../graph/writer.js';

/**
 * How a gradient passes back through an operator: for each input the way to compute its gradient, run only where that
 * gradient is needed. An input without an entry has none that is known: what depends on it stays unexplained.
 */
export type BackwardRule = (step: BackwardStep) => ((() => string) | undefined)[];

/** A rule that does not cover the case at hand throws this; the maps below the node are then left out. */
export class NotCovered extends Error {}

/** One node on the way back, and what its rule needs. */
export class BackwardStep {
  constructor(
    readonly node: GraphNode,
    /** Of each output; undefined where nothing that is explained depends on it. */
    readonly gradients: readonly (string | undefined)[],
    readonly writer: GraphWriter,
    private readonly facts: Facts,
  ) {}

  /** The gradient of the first output, for rules of operators that have no other. */
  get gradient(): string {
    const [first, ...others] = this.gradients;
    if (first === undefined) throw new NotCovered('of its outputs, not the first leads to the logits');
    if (others.some((gradient) => gradient !== undefined))
      throw new NotCovered('more than its first output leads to the logits');
    return first;
  }

  get x(): string {
    return this.node.inputs[0] as string;
  }

  get y(): string {
    return this.node.outputs[0] as string;
  }

  input(index: number): string | undefined {
    return this.node.inputs[index] || undefined; // an input that is left out has the empty name
  }

  shape(value: string): readonly number[] {
    const shape = this.facts.shapes.get(value);
    if (!shape) throw new NotCovered(`the shape of "${value}" is not known`);
    return shape;
  }

  /** An operand that must be known when the gradient is written; undefined where it is left out. */
  constant(index: number): readonly number[] | undefined {
    const name = this.input(index);
    if (name === undefined) return undefined;
    const value = this.facts.constants.get(name);
    if (!value) throw new NotCovered(`its input "${name}" is no constant`);
    return value;
  }

  number(attribute: string, otherwise: number): number {
    const value = this.node.attributes[attribute];
    return typeof value === 'number' ? value : otherwise;
  }

  text(attribute: string, otherwise: string): string {
    const value = this.node.attributes[attribute];
    return typeof value === 'string' ? value : otherwise;
  }

  /** A list of integers: an attribute, or since a later opset the input at `index`. */
  integers(attribute: string, index?: number): readonly number[] | undefined {
    const value = this.node.attributes[attribute];
    if (Array.isArray(value)) return value;
    return index === undefined ? undefined : this.constant(index);
  }

  /** Counted from the front. */
  axis(axis: number, value: string): number {
    return axis < 0 ? axis + this.shape(value).length : axis;
  }
}
