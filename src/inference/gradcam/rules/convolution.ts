import { type PoolWindow, poolWindowsOf } from './poolWindows.js';
import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** Convolution. With stride 1 the gradient is a convolution as well, which is faster than a transposed one. */
export const conv: BackwardRule = (step) => {
  const weights = step.node.inputs[1] as string;
  const windows = poolWindowsOf(step, step.shape(weights).slice(2));
  const dense = windows.every((window) => window.stride === 1 && Math.min(...gradientPads(window)) >= 0);
  return [() => (dense ? convolve(step, weights, windows) : transpose(step, weights, windows))];
};

/** Transposed convolution. A convolution with the same weights gathers what it spreads. */
export const convTranspose: BackwardRule = (step) => {
  const weights = step.node.inputs[1] as string;
  const kernel = step.shape(weights).slice(2);
  const [strides, dilations] = [step.integers('strides'), step.integers('dilations')];
  if (step.text('auto_pad', 'NOTSET') !== 'NOTSET' || step.integers('output_shape'))
    throw new NotCovered('its padding is not given in numbers');
  return [
    () => {
      const pads = step.integers('pads') ?? kernel.flatMap(() => [0, 0]);
      return step.writer.node('Conv', [step.gradient, weights], {
        ...(strides && { strides }),
        ...(dilations && { dilations }),
        pads,
        group: step.number('group', 1),
      });
    },
  ];
};

/** Padding of the gradient: a tap that reads from before the first input finds the first output behind itself. */
function gradientPads({ input, output, kernel, dilation, before }: PoolWindow): [number, number] {
  const start = dilation * (kernel - 1) - before;
  return [start, input - output + dilation * (kernel - 1) - start];
}

/** dX = Conv(dY, Wᵀ): taps reversed, inputs and outputs exchanged. ONNX Runtime folds Wᵀ when it loads the model. */
function convolve(step: BackwardStep, weights: string, windows: readonly PoolWindow[]): string {
  const { writer, gradient } = step;
  const group = step.number('group', 1);
  const pads = windows.map(gradientPads);
  return writer.node('Conv', [gradient, transposeWeights(step, weights, group)], {
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...pads.map(([start]) => start), ...pads.map(([, end]) => end)],
    group,
  });
}

/** [outputs, inputs / group, …taps] → [inputs, outputs / group, …taps reversed] */
function transposeWeights(step: BackwardStep, weights: string, group: number): string {
  const { writer } = step;
  const [outputs, inputs, ...taps] = step.shape(weights) as [number, number, ...number[]];
  let exchanged = weights;
  if (group === 1) exchanged = writer.node('Transpose', [weights], { perm: [1, 0, ...taps.map((_, i) => i + 2)] });
  else if (inputs * outputs > group) {
    const split = writer.reshape(weights, [group, outputs / group, inputs, ...taps]);
    const turned = writer.node('Transpose', [split], { perm: [0, 2, 1, ...taps.map((_, i) => i + 3)] });
    exchanged = writer.reshape(turned, [group * inputs, outputs / group, ...taps]);
  } // else depthwise: each channel has its own taps, and nothing is exchanged
  if (taps.every((count) => count === 1)) return exchanged;
  const whole = taps.map(() => -(2 ** 31));
  return writer.node('Slice', [
    exchanged,
    writer.integers(taps.map(() => -1)),
    writer.integers(whole),
    writer.integers(taps.map((_, axis) => axis + 2)),
    writer.integers(taps.map(() => -1)),
  ]);
}

/** dX as a transposed convolution of dY with the same weights. */
function transpose(step: BackwardStep, weights: string, windows: readonly PoolWindow[]): string {
  return step.writer.node('ConvTranspose', [step.gradient, weights], {
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...windows.map(({ before }) => before), ...windows.map(({ after }) => Math.max(after, 0))],
    output_padding: windows.map(({ after }) => Math.max(-after, 0)),
    group: step.number('group', 1),
  });
}
