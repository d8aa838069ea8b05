import type { Facts } from '../graph/facts.js';
import type { GraphNode } from '../graph/graph.js';
import type { GraphWriter } from '../graph/writer.js';

/**
 * How a gradient passes back through an operator. For each input it gives a function that writes the input's gradient,
 * called only where that is needed. The gradient of an input without an entry is unknown, and what depends on it stays
 * unexplained.
 */
export type BackwardRule = (step: BackwardStep) => ((() => string) | undefined)[];

/** Thrown by a rule that does not cover the node. The maps of layers before the node are then left out. */
export class NotCovered extends Error {}

/**
 * One graph node on the way back from the logits, and what its rule needs. Its methods throw NotCovered where a fact is
 * missing.
 */
export class BackwardStep {
  constructor(
    readonly node: GraphNode,
    /** Gradient of each output; undefined where nothing that is explained depends on it. */
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

  /** Name of the first input. */
  get x(): string {
    return this.node.inputs[0] as string;
  }

  /** Name of the first output. */
  get y(): string {
    return this.node.outputs[0] as string;
  }

  /** Name of an input; undefined where it is left out. */
  input(index: number): string | undefined {
    return this.node.inputs[index] || undefined; // an omitted input has the empty name
  }

  /** Shape of a value; BATCH stands for the batch. */
  shape(value: string): readonly number[] {
    const shape = this.facts.shapes.get(value);
    if (!shape) throw new NotCovered(`the shape of "${value}" is not known`);
    return shape;
  }

  /**
   * The constant value of an input, which must be known when the gradient is written; undefined where the input is left
   * out.
   */
  constant(index: number): readonly number[] | undefined {
    const name = this.input(index);
    if (name === undefined) return undefined;
    const value = this.facts.constants.get(name);
    if (!value) throw new NotCovered(`its input "${name}" is not constant`);
    return value;
  }

  /** A number attribute, or `otherwise`. */
  number(attribute: string, otherwise: number): number {
    const value = this.node.attributes[attribute];
    return typeof value === 'number' ? value : otherwise;
  }

  /** A text attribute, or `otherwise`. */
  text(attribute: string, otherwise: string): string {
    const value = this.node.attributes[attribute];
    return typeof value === 'string' ? value : otherwise;
  }

  /** A list of integers: an attribute, or, since a later opset, the input at `index`. */
  integers(attribute: string, index?: number): readonly number[] | undefined {
    const value = this.node.attributes[attribute];
    if (Array.isArray(value)) return value;
    return index === undefined ? undefined : this.constant(index);
  }

  /** An axis counted from the front. */
  axis(axis: number, value: string): number {
    return axis < 0 ? axis + this.shape(value).length : axis;
  }
}
