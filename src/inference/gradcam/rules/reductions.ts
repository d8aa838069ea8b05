import { BATCH } from '../facts.js';
import { NotCovered, type Rule, type Step } from '../rule.js';

/** Over all axes but the first two. */
export const globalAveragePool: Rule = (step) => [
  () => spread(step, [...step.shape(step.x).keys()].slice(2), ({ count }) => 1 / count),
];

/** Axes are an attribute until opset 17, an input since. */
export const reduceMean: Rule = (step) => reduction(step, ({ count }) => 1 / count);

/** Axes are an attribute until opset 12, an input since. */
export const reduceSum: Rule = (step) => reduction(step, () => 1);

function reduction(step: Step, factor: (reduced: { count: number }) => number): (() => string)[] {
  const given = step.integers('axes', 1) ?? [];
  if (given.length === 0 && step.number('noop_with_empty_axes', 0) === 1) return [() => step.gradient];
  const all = [...step.shape(step.x).keys()];
  return [() => spread(step, given.length === 0 ? all : given.map((axis) => step.axis(axis, step.x)), factor)];
}

/** The gradient, times a factor, in every element that was reduced. */
function spread(step: Step, axes: readonly number[], factor: (reduced: { count: number }) => number): string {
  const { writer, x } = step;
  const shape = step.shape(x);
  const sizes = axes.map((axis) => shape[axis] as number);
  if (sizes.includes(BATCH)) throw new NotCovered('it reduces the batch');
  const scale = factor({ count: sizes.reduce((product, size) => product * size, 1) });
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const sameRank = step.shape(step.y).length === shape.length;
  const gradient = sameRank ? step.gradient : writer.reshape(step.gradient, kept);
  const scaled = scale === 1 ? gradient : writer.node('Mul', [gradient, scale]);
  return writer.node('Expand', [scaled, writer.integers(shape.map((size) => (size === BATCH ? 1 : size)))]);
}
