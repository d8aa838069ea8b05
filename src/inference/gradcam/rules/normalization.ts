import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** Batch normalization. At inference it is a fixed scale for each channel: γ / √(variance + ε). */
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

/** Layer normalization: over the axes from `axis` on, with a γ for each of their elements. */
export const layerNormalization: BackwardRule = (step) => {
  const { writer, gradient, node, x } = step;
  const axes = [...step.shape(x).keys()].slice(step.axis(step.number('axis', -1), x));
  const scaled = () => writer.node('Mul', [gradient, node.inputs[1] as string]);
  return [() => normalized(step, scaled(), axes)];
};

/** Instance normalization: over the image of each channel, with a γ for each channel. */
export const instanceNormalization: BackwardRule = (step) => {
  const { writer, gradient, node, x } = step;
  const axes = [...step.shape(x).keys()].slice(2);
  const gamma = () => writer.reshape(node.inputs[1] as string, [-1, ...axes.map(() => 1)]);
  return [() => normalized(step, writer.node('Mul', [gradient, gamma()]), axes)];
};

/** y = (x − mean) / √(variance + ε): dx = (dy − mean(dy) − y · mean(dy · y)) / √(variance + ε). */
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

/** Softmax inside a network, as in attention: dx = y · (dy − Σ dy · y). */
export const softmax: BackwardRule = (step) => {
  const { writer, gradient, y } = step;
  const rank = step.shape(y).length;
  const axis = step.axis(step.number('axis', step.writer.opset < 13 ? 1 : -1), y);
  // Until opset 12 it ran over all axes from `axis` on.
  if (step.writer.opset < 13 && axis !== rank - 1) throw new NotCovered('it runs over several axes');
  return [
    () => {
      const sum = writer.sumOver(writer.node('Mul', [gradient, y]), [axis]);
      return writer.node('Mul', [y, writer.node('Sub', [gradient, sum])]);
    },
  ];
};
