import { BATCH } from '../graph/facts.js';
import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** The mean over all axes but the first two. */
export const globalAveragePool: BackwardRule = (step) => [
  () => spread(step, [...step.shape(step.x).keys()].slice(2), ({ count }) => 1 / count),
];

/** The mean over axes, which are an attribute until opset 17 and an input since. */
export const reduceMean: BackwardRule = (step) => reduction(step, ({ count }) => 1 / count);

/** The sum over axes, which are an attribute until opset 12 and an input since. */
export const reduceSum: BackwardRule = (step) => reduction(step, () => 1);

/** y = log Σ exp x: dx = dy · exp(x − y), the softmax over the reduced axes. */
export const reduceLogSumExp: BackwardRule = (step) => {
  const { writer, x, y } = step;
  const axes = reducedAxes(step);
  const spreadOver = reduction(step, () => 1)[0] as () => string;
  return [
    () => {
      const sum = step.shape(y).length === step.shape(x).length ? y : writer.reshape(y, keptShape(step, axes));
      return writer.node('Mul', [spreadOver(), writer.node('Exp', [writer.node('Sub', [x, sum])])]);
    },
  ];
};

function reduction(step: BackwardStep, factor: (reduced: { count: number }) => number): (() => string)[] {
  const axes = reducedAxes(step);
  return [() => (axes.length === 0 ? step.gradient : spread(step, axes, factor))];
}

/** The reduced axes. No axes mean all of them, unless the node says that they mean none. */
function reducedAxes(step: BackwardStep): number[] {
  const given = step.integers('axes', 1) ?? [];
  if (given.length > 0) return given.map((axis) => step.axis(axis, step.x));
  return step.number('noop_with_empty_axes', 0) === 1 ? [] : [...step.shape(step.x).keys()];
}

/** The shape of x with 1 for each reduced axis. */
function keptShape(step: BackwardStep, axes: readonly number[]): number[] {
  return step.shape(step.x).map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** The gradient, times a factor, for every element that was reduced. */
function spread(step: BackwardStep, axes: readonly number[], factor: (reduced: { count: number }) => number): string {
  const { writer, x } = step;
  const shape = step.shape(x);
  const sizes = axes.map((axis) => shape[axis] as number);
  if (sizes.includes(BATCH)) throw new NotCovered('it reduces the batch');
  const scale = factor({ count: sizes.reduce((product, size) => product * size, 1) });
  const sameRank = step.shape(step.y).length === shape.length;
  const gradient = sameRank ? step.gradient : writer.reshape(step.gradient, keptShape(step, axes));
  const scaled = scale === 1 ? gradient : writer.node('Mul', [gradient, scale]);
  return writer.node('Expand', [scaled, writer.integers(shape.map((size) => (size === BATCH ? 1 : size)))]);
}
