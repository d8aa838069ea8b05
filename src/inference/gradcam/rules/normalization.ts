import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** At inference a fixed scale for each channel: γ / √(variance + ε). */
export const batchNormalization: BackwardRule = (step) => {
  const { writer, gradient, node } = step;
  if (step.number('training_mode', 0) === 1) throw new NotCovered('it was exported in training mode');
  const [, gamma, , , variance] = node.inputs as [string, string, string, string, string];
  return [
    () => {
      const deviation = writer.node('Sqrt', [writer.node('Add', [variance, step.number('epsilon', 1e-5)])]);
      const spatial = step.shape(step.x).slice(2);
      const scale = writer.reshape(writer.node('Div', [gamma, deviation]), [-1, ...spatial.map(() => 1)]);
      return writer.node('Mul', [gradient, scale]);
    },
  ];
};

/** Over the last axes, from `axis` on, then γ for each element of them. */
export const layerNormalization: BackwardRule = (step) => {
  const { writer, gradient, node, x } = step;
  const axes = [...step.shape(x).keys()].slice(step.axis(step.number('axis', -1), x));
  const scaled = () => writer.node('Mul', [gradient, node.inputs[1] as string]);
  return [() => normalized(step, scaled(), axes)];
};

/** Over the image of each channel, then γ for each channel. */
export const instanceNormalization: BackwardRule = (step) => {
  const { writer, gradient, node, x } = step;
  const axes = [...step.shape(x).keys()].slice(2);
  const gamma = () => writer.reshape(node.inputs[1] as string, [-1, ...axes.map(() => 1)]);
  return [() => normalized(step, writer.node('Mul', [gradient, gamma()]), axes)];
};

/** y = (x − mean) / √(variance + ε): dx = (dy − mean(dy) − y · mean(dy · y)) / √(variance + ε) */
function normalized(step: BackwardStep, gradient: string, axes: readonly number[]): string {
  const { writer, x } = step;
  const mean = (value: string) => writer.meanOver(value, axes);
  const centred = writer.node('Sub', [x, mean(x)]);
  const variance = mean(writer.node('Mul', [centred, centred]));
  const deviation = writer.node('Sqrt', [writer.node('Add', [variance, step.number('epsilon', 1e-5)])]);
  const y = writer.node('Div', [centred, deviation]);
  const along = writer.node('Mul', [y, mean(writer.node('Mul', [gradient, y]))]);
  const rest = writer.node('Sub', [writer.node('Sub', [gradient, mean(gradient)]), along]);
  return writer.node('Div', [rest, deviation]);
}

/** Inside a network, as attention weighs: dx = y · (dy − Σ dy · y) */
export const softmax: BackwardRule = (step) => {
  const { writer, gradient, y } = step;
  const rank = step.shape(y).length;
  const axis = step.axis(step.number('axis', step.writer.opset < 13 ? 1 : -1), y);
  // Until opset 12 all axes from `axis` on were one.
  if (step.writer.opset < 13 && axis !== rank - 1) throw new NotCovered('it runs over several axes');
  return [
    () => {
      const sum = writer.sumOver(writer.node('Mul', [gradient, y]), [axis]);
      return writer.node('Mul', [y, writer.node('Sub', [gradient, sum])]);
    },
  ];
};
