import { sumTo } from './arithmetic.js';
import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** dx = dy. */
export const identity: BackwardRule = (step) => [() => step.gradient];

/** Flatten, Reshape, Squeeze, Unsqueeze: the gradient in the input's shape. */
export const reshape: BackwardRule = (step) => [() => step.writer.reshape(step.gradient, step.shape(step.x))];

/** The inverse permutation of the axes. */
export const transpose: BackwardRule = (step) => {
  const { writer, gradient, x } = step;
  const axes = [...step.shape(x).keys()];
  const forward = step.integers('perm') ?? axes.toReversed();
  return [() => writer.node('Transpose', [gradient], { perm: axes.map((axis) => forward.indexOf(axis)) })];
};

/** Each input gets the part of the gradient that it contributed. */
export const concat: BackwardRule = (step) => {
  const { writer, gradient, node } = step;
  const axis = step.axis(step.number('axis', 1), step.y);
  const sizes = node.inputs.map((input) => step.shape(input)[axis] as number);
  if (sizes.some((size) => size < 1)) throw new NotCovered('it joins along the batch');
  return sizes.map((size, index) => () => {
    const start = sizes.slice(0, index).reduce((sum, partSize) => sum + partSize, 0);
    const [from, to] = [writer.integers([start]), writer.integers([start + size])];
    return writer.node('Slice', [gradient, from, to, writer.integers([axis])]);
  });
};

/** The gradients of the parts, joined; zeros for a part that nothing reads. */
export const split: BackwardRule = (step) => {
  const { writer, node, gradients, x } = step;
  const axis = step.axis(step.number('axis', 0), x);
  return [
    () => {
      const parts = node.outputs.map(
        (output, index) => gradients[index] ?? writer.node('Expand', [0, writer.node('Shape', [output])]),
      );
      return writer.node('Concat', parts, { axis });
    },
  ];
};

/** The gradient at the elements that were taken, zeros elsewhere. Steps must be forward. */
export const slice: BackwardRule = (step) => {
  const { writer, x, y } = step;
  const [input, output] = [step.shape(x), step.shape(y)];
  const starts = step.integers('starts', 1) ?? [];
  const steps = step.constant(4) ?? starts.map(() => 1);
  const axes = (step.integers('axes', 3) ?? [...starts.keys()]).map((axis) => step.axis(axis, x));
  if (steps.some((stride) => stride < 1)) throw new NotCovered('it runs backwards');
  if (axes.some((axis) => (input[axis] as number) < 1)) {
    const whole = axes.every(
      (axis, i) => (input[axis] as number) > 0 || (starts[i] === 0 && output[axis] === input[axis]),
    );
    if (!whole) throw new NotCovered('it cuts the batch');
  }
  return [
    () => {
      let gradient = step.gradient;
      const shape = [...output];
      const before = input.map(() => 0);
      const after = input.map(() => 0);
      for (const [index, axis] of axes.entries()) {
        const [size, taken, stride] = [input[axis] as number, output[axis] as number, steps[index] as number];
        if (size < 1) continue;
        const start = starts[index] as number;
        before[axis] = Math.min(start < 0 ? Math.max(start + size, 0) : start, size);
        after[axis] = size - (before[axis] as number) - taken * stride;
        if (stride > 1) gradient = stuff(step, gradient, shape, axis, stride);
      }
      return writer.pad(gradient, before, after);
    },
  ];
};

/** Puts stride − 1 zeros behind each element of an axis. Changes `shape` accordingly. */
function stuff({ writer }: BackwardStep, gradient: string, shape: number[], axis: number, stride: number): string {
  const cells = writer.reshape(gradient, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const none = [...shape, 0].map(() => 0);
  const stuffed = writer.pad(cells, none, none.with(axis + 1, stride - 1));
  shape[axis] = (shape[axis] as number) * stride;
  return writer.reshape(stuffed, shape);
}

/** The gradient without the padding. */
export const pad: BackwardRule = (step) => {
  const { writer, gradient, x } = step;
  if (step.text('mode', 'constant') !== 'constant') throw new NotCovered('it repeats or mirrors the border');
  const rank = step.shape(x).length;
  const axes = (step.constant(3) ?? [...Array(rank).keys()]).map((axis) => step.axis(axis, x));
  const pads = step.integers('pads', 1) ?? [];
  const [before, after] = [Array<number>(rank).fill(0), Array<number>(rank).fill(0)];
  for (const [index, axis] of axes.entries()) {
    before[axis] = -(pads[index] as number);
    after[axis] = -(pads[index + axes.length] as number);
  }
  return [() => writer.pad(gradient, before, after)];
};

/** One element of an axis, as attention takes its queries: its gradient there, zeros elsewhere. */
export const gather: BackwardRule = (step) => {
  const { writer, gradient, x } = step;
  const shape = step.shape(x);
  const axis = step.axis(step.number('axis', 0), x);
  const [index, ...more] = step.constant(1) ?? [];
  const size = shape[axis] as number;
  if (index === undefined || more.length > 0 || size < 1) throw new NotCovered('it takes more than one element');
  const none = shape.map(() => 0);
  const place = index < 0 ? index + size : index;
  return [
    () =>
      writer.pad(
        writer.reshape(gradient, shape.with(axis, 1)),
        none.with(axis, place),
        none.with(axis, size - 1 - place),
      ),
  ];
};

/** Each branch gets the gradient where it was taken, else 0. */
export const where: BackwardRule = (step) => {
  const [condition, a, b] = step.node.inputs as [string, string, string];
  const { writer, gradient } = step;
  return [
    undefined,
    () => sumTo(step, writer.node('Where', [condition, gradient, 0]), a),
    () => sumTo(step, writer.node('Where', [condition, 0, gradient]), b),
  ];
};
