import type { BackwardRule, BackwardStep } from './rule.js';

/** The rule of y = f(x), element by element: dx = dy · f′, where `slope` computes f′. */
const times =
  (slope: (step: BackwardStep) => string): BackwardRule =>
  (step) => [() => step.writer.node('Mul', [step.gradient, slope(step)])];

/** The rule that passes the gradient where `condition` holds, else 0. */
const where =
  (condition: (step: BackwardStep) => string): BackwardRule =>
  (step) => [() => step.writer.node('Where', [condition(step), step.gradient, 0])];

// Masks test the output, so that the convolution before need not keep its own for them. The test is strict: at exactly
// 0, as on the black background of a slice, the slope of a ReLU is 0.
/** y = max(x, 0): dx = dy where y > 0, else 0. */
export const relu: BackwardRule = where(({ writer, y }) => writer.node('Greater', [y, 0]));

/** y = x between two limits: dx = dy between them, else 0. */
export const clip: BackwardRule = (step) => {
  const { writer, y, node } = step;
  const { min, max } = node.attributes; // the limits are inputs since opset 11
  const low = step.input(1) ?? (typeof min === 'number' ? min : undefined);
  const high = step.input(2) ?? (typeof max === 'number' ? max : undefined);
  const conditions = [
    ...(low === undefined ? [] : [() => writer.node('Greater', [y, low])]),
    ...(high === undefined ? [] : [() => writer.node('Less', [y, high])]),
  ];
  const [first, second] = conditions;
  if (!first) return [() => step.gradient];
  return where(() => (second ? writer.node('And', [first(), second()]) : first()))(step);
};

/** dx = dy where x > 0, else α · dy. */
export const leakyRelu: BackwardRule = (step) => [() => negativePart(step, step.number('alpha', 0.01))];

/** dx = dy where x > 0, else slope · dy; the slope is an input. */
export const pRelu: BackwardRule = (step) => [() => negativePart(step, step.node.inputs[1] as string)];

function negativePart({ writer, gradient, x }: BackwardStep, slope: string | number): string {
  return writer.node('Where', [writer.node('Greater', [x, 0]), gradient, writer.node('Mul', [gradient, slope])]);
}

/** f′ = 1 where x > 0, else y + α. */
export const elu: BackwardRule = times((step) => {
  const { writer, x, y } = step;
  const negative = writer.node('Add', [y, step.number('alpha', 1)]);
  return writer.node('Where', [writer.node('Greater', [x, 0]), 1, negative]);
});

/** f′ = y · (1 − y). */
export const sigmoid: BackwardRule = times(({ writer, y }) => writer.node('Mul', [y, writer.node('Sub', [1, y])]));

/** f′ = 1 − y². */
export const tanh: BackwardRule = times(({ writer, y }) => writer.node('Sub', [1, writer.node('Mul', [y, y])]));

/** f′ = 1 / (1 + e⁻ˣ). */
export const softplus: BackwardRule = times(({ writer, x }) => writer.node('Sigmoid', [x]));

/** f′ = α where 0 < y < 1, else 0. */
export const hardSigmoid: BackwardRule = (step) => {
  const { writer, y } = step;
  const inside = writer.node('And', [writer.node('Greater', [y, 0]), writer.node('Less', [y, 1])]);
  return times(() => writer.node('Where', [inside, step.number('alpha', 0.2), 0]))(step);
};

/** f′ = x/3 + ½ where |x| < 3, else 1 above and 0 below. */
export const hardSwish: BackwardRule = times(({ writer, x }) => {
  const between = writer.node('Add', [writer.node('Mul', [x, 1 / 3]), 0.5]);
  const outside = writer.node('Where', [writer.node('Greater', [x, 0]), 1, 0]);
  return writer.node('Where', [writer.node('Less', [writer.node('Abs', [x]), 3]), between, outside]);
});

/** f′ = 2/√π · exp(−x²). */
export const erf: BackwardRule = times(({ writer, x }) => {
  const bell = writer.node('Exp', [writer.node('Neg', [writer.node('Mul', [x, x])])]);
  return writer.node('Mul', [bell, 2 / Math.sqrt(Math.PI)]);
});

/** f′ = Φ(x) + x · φ(x), or the derivative of the approximation by tanh. */
export const gelu: BackwardRule = times((step) => {
  const { writer, x } = step;
  const op = writer.node.bind(writer);
  const square = op('Mul', [x, x]);
  if (step.text('approximate', 'none') === 'none') {
    const cumulative = op('Mul', [op('Add', [op('Erf', [op('Mul', [x, Math.SQRT1_2])]), 1]), 0.5]);
    const density = op('Mul', [op('Exp', [op('Mul', [square, -0.5])]), 1 / Math.sqrt(2 * Math.PI)]);
    return op('Add', [cumulative, op('Mul', [x, density])]);
  }
  // y = x · (1 + t) / 2, t = tanh(u), u = √(2/π) · (x + 0.044715 · x³)
  const scale = Math.sqrt(2 / Math.PI);
  const u = op('Mul', [op('Mul', [x, op('Add', [op('Mul', [square, 0.044715]), 1])]), scale]);
  const du = op('Mul', [op('Add', [op('Mul', [square, 3 * 0.044715]), 1]), scale]);
  const t = op('Tanh', [u]);
  const bend = op('Mul', [op('Mul', [x, du]), op('Sub', [1, op('Mul', [t, t])])]);
  return op('Mul', [op('Add', [op('Add', [t, 1]), bend]), 0.5]);
});

/** f′ = y. */
export const exp: BackwardRule = times(({ y }) => y);

/** f′ = sign(x). */
export const abs: BackwardRule = times(({ writer, x }) => writer.node('Sign', [x]));

/** dx = −dy. */
export const neg: BackwardRule = ({ writer, gradient }) => [() => writer.node('Neg', [gradient])];

/** dx = dy / x. */
export const log: BackwardRule = ({ writer, gradient, x }) => [() => writer.node('Div', [gradient, x])];

/** dx = dy / 2y. */
export const sqrt: BackwardRule = ({ writer, gradient, y }) => [
  () => writer.node('Div', [gradient, writer.node('Add', [y, y])]),
];

/** f′ = −y². */
export const reciprocal: BackwardRule = times(({ writer, y }) => writer.node('Neg', [writer.node('Mul', [y, y])]));
