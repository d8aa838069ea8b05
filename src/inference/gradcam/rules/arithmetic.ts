import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** y = a + b: da = db = dy. Also the sum of any number of inputs. */
export const add: BackwardRule = (step) => step.node.inputs.map((input) => () => sumTo(step, step.gradient, input));

/** y = a − b: da = dy, db = −dy. */
export const sub: BackwardRule = (step) => [
  () => sumTo(step, step.gradient, step.x),
  () => sumTo(step, step.writer.node('Neg', [step.gradient]), step.node.inputs[1] as string),
];

/** y = a · b: da = dy · b, db = dy · a. */
export const mul: BackwardRule = (step) => {
  const [a, b] = step.node.inputs as [string, string];
  const { writer, gradient } = step;
  return [
    () => sumTo(step, writer.node('Mul', [gradient, b]), a),
    () => sumTo(step, writer.node('Mul', [gradient, a]), b),
  ];
};

/** y = a / b: da = dy / b, db = −dy · y / b. */
export const div: BackwardRule = (step) => {
  const [a, b] = step.node.inputs as [string, string];
  const { writer, gradient, y } = step;
  const quotient = () => writer.node('Div', [gradient, b]);
  return [
    () => sumTo(step, quotient(), a),
    () => sumTo(step, writer.node('Neg', [writer.node('Mul', [quotient(), y])]), b),
  ];
};

/** y = xᵉ with a constant e: dx = dy · e · xᵉ⁻¹. */
export const pow: BackwardRule = (step) => {
  const { writer, gradient, x } = step;
  const [exponent, ...more] = step.constant(1) ?? [];
  if (exponent === undefined || more.length > 0) throw new NotCovered('its exponent is not one number');
  return [
    () => {
      const power = exponent === 2 ? x : writer.node('Pow', [x, exponent - 1]);
      return sumTo(step, writer.node('Mul', [gradient, writer.node('Mul', [power, exponent])]), x);
    },
  ];
};

/**
 * Sums the gradient over the axes along which `input` was broadcast to the output's shape, because its values were used
 * several times.
 */
export function sumTo(step: BackwardStep, gradient: string, input: string): string {
  const from = step.shape(step.y);
  const to = step.shape(input);
  const added = from.length - to.length;
  const axes = [...from.keys()].filter((axis) => axis < added || (to[axis - added] === 1 && from[axis] !== 1));
  if (axes.length === 0) return gradient;
  const sum = step.writer.sumOver(gradient, axes);
  return added === 0 ? sum : step.writer.reshape(sum, to);
}
