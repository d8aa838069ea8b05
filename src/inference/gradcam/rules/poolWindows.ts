import { type BackwardStep, NotCovered } from './rule.js';

/** How a kernel slides along one axis. Output i reads the inputs i · stride + tap · dilation − before. */
export type PoolWindow = {
  input: number;
  output: number;
  kernel: number;
  stride: number;
  dilation: number;
  before: number;
  /** Padding behind the input that windows reach. Negative: number of last inputs that no window reads. */
  after: number;
};

/**
 * The windows of a convolution or a pool, one for each spatial axis. `kernel`: its size along them.
 * @throws NotCovered where the size of the image varies.
 */
export function poolWindowsOf(step: BackwardStep, kernel: readonly number[]): PoolWindow[] {
  const inputs = step.shape(step.x).slice(2);
  const outputs = step.shape(step.y).slice(2);
  if ([...inputs, ...outputs].some((size) => size < 1)) throw new NotCovered('the size of its image varies');
  const strides = step.integers('strides');
  const dilations = step.integers('dilations');
  return kernel.map((size, axis) => {
    const [input, output] = [inputs[axis] as number, outputs[axis] as number];
    const [stride, dilation] = [strides?.[axis] ?? 1, dilations?.[axis] ?? 1];
    const reach = (output - 1) * stride + (size - 1) * dilation + 1;
    const before = padsBefore(step, axis, Math.max(reach - input, 0));
    return { input, output, kernel: size, stride, dilation, before, after: reach - before - input };
  });
}

function padsBefore(step: BackwardStep, axis: number, needed: number): number {
  switch (step.text('auto_pad', 'NOTSET')) {
    case 'SAME_UPPER':
      return Math.floor(needed / 2);
    case 'SAME_LOWER':
      return Math.ceil(needed / 2);
    case 'VALID':
      return 0;
    default:
      return step.integers('pads')?.[axis] ?? 0;
  }
}
