import { type PoolWindow, poolWindowsOf } from './poolWindows.js';
import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

/** dx: each input of a window gets an equal part of the gradient of its mean. */
export const averagePool: BackwardRule = (step) => {
  const kernel = step.integers('kernel_shape') as readonly number[];
  if (kernel.length !== 2) throw new NotCovered('it is not over rows and columns');
  const windows = poolWindowsOf(step, kernel) as [PoolWindow, PoolWindow];
  return [() => spread(step, share(step, windows), windows)];
};

/**
 * The gradient divided by the number of elements of each window, which is smaller at the borders unless padding counts.
 */
function share(step: BackwardStep, [rows, columns]: [PoolWindow, PoolWindow]): string {
  const { writer, gradient } = step;
  const padding = step.number('count_include_pad', 0) === 1;
  const declared = step.text('auto_pad', 'NOTSET') === 'NOTSET' ? (step.integers('pads') ?? [0, 0, 0, 0]) : undefined;
  const counts = [rows, columns].map((window, axis) =>
    countsOf(window, padding ? (declared?.[axis + 2] ?? Math.max(window.after, 0)) : undefined),
  );
  const parts = counts.map((list) => list.map((count) => 1 / count));
  const [down, across] = parts as [number[], number[]];
  if (parts.every((list) => new Set(list).size === 1)) {
    const factor = (down[0] as number) * (across[0] as number);
    return factor === 1 ? gradient : writer.node('Mul', [gradient, factor]);
  }
  const factors = down.flatMap((vertical) => across.map((horizontal) => vertical * horizontal));
  return writer.node('Mul', [gradient, writer.floats(factors, [rows.output, columns.output])]);
}

/**
 * Number of elements that each window averages along one axis. `padsAfter`: padding behind the input that counts as
 * well.
 */
function countsOf(
  { input, output, kernel, stride, dilation, before }: PoolWindow,
  padsAfter: number | undefined,
): number[] {
  return Array.from({ length: output }, (_, i) => {
    const taps = Array.from({ length: kernel }, (_, tap) => i * stride + tap * dilation - before);
    return taps.filter((place) => (padsAfter === undefined ? place >= 0 && place < input : place < input + padsAfter))
      .length;
  });
}

/** Spreads the parts over the inputs of their windows. */
function spread(step: BackwardStep, part: string, [rows, columns]: [PoolWindow, PoolWindow]): string {
  const { writer } = step;
  const channels = step.shape(step.x)[1] as number;
  const windows = [rows, columns];
  if (
    windows.every(
      ({ kernel, stride, dilation, before, after }) =>
        kernel === stride && dilation === 1 && before === 0 && after <= 0,
    )
  ) {
    // The windows lie side by side: each gradient is repeated over its window.
    const cells = writer.reshape(part, [-1, channels, rows.output, 1, columns.output, 1]);
    const repeated = writer.node('Expand', [cells, writer.integers([1, 1, 1, rows.kernel, 1, columns.kernel])]);
    const image = writer.reshape(repeated, [-1, channels, rows.output * rows.kernel, columns.output * columns.kernel]);
    return writer.pad(image, [0, 0, 0, 0], [0, 0, -rows.after, -columns.after]);
  }
  const ones = writer.floats(Array(rows.kernel * columns.kernel).fill(1), [1, 1, rows.kernel, columns.kernel]);
  const alone = writer.reshape(part, [-1, 1, rows.output, columns.output]);
  const spreadOut = writer.node('ConvTranspose', [alone, ones], {
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...windows.map(({ before }) => before), ...windows.map(({ after }) => Math.max(after, 0))],
    output_padding: windows.map(({ after }) => Math.max(-after, 0)),
  });
  return writer.reshape(spreadOut, [-1, channels, rows.input, columns.input]);
}
