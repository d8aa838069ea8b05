import { type PoolWindow, poolWindowsOf } from './poolWindows.js';
import { type BackwardRule, type BackwardStep, NotCovered } from './rule.js';

const LOWEST = -3.4e38;

/**
 * Max pooling. The gradient goes to the first place, row by row, that holds its window's maximum, as in PyTorch. The
 * nodes are written tap by tap: each tap is compared with the output in all windows at once. Windows may overlap.
 */
export const maxPool: BackwardRule = (step) => {
  const kernel = step.integers('kernel_shape') as readonly number[];
  if (kernel.length !== 2) throw new NotCovered('it is not over rows and columns');
  const [rows, columns] = poolWindowsOf(step, kernel) as [PoolWindow, PoolWindow];
  return [
    () => {
      const shares = new Map<string, string[]>();
      for (const { row, column, share } of sharesOfTaps(step, rows, columns)) {
        // Inputs as far apart as the stride form one phase: an image with a row for each window, and some at its ends.
        const phase = `${row % rows.stride},${column % columns.stride}`;
        const [down, across] = [Math.floor(row / rows.stride), Math.floor(column / columns.stride)];
        const before = [0, 0, down, across];
        const after = [0, 0, cells(rows) - down - rows.output, cells(columns) - across - columns.output];
        shares.set(phase, [...(shares.get(phase) ?? []), step.writer.pad(share, before, after)]);
      }
      return interleave(step, shares, rows, columns);
    },
  ];
};

/** Global max pooling. The gradient goes to the first maximum, which ArgMax finds. */
export const globalMaxPool: BackwardRule = (step) => {
  const { writer, gradient, x } = step;
  const [, channels, ...image] = step.shape(x) as [number, number, ...number[]];
  const size = image.reduce((product, side) => product * side, 1);
  return [
    () => {
      const flat = [-1, channels, size];
      const winner = writer.node('ArgMax', [writer.reshape(x, flat)], { axis: 2, keepdims: 1 });
      const places = writer.integers([...Array(size).keys()]);
      const share = writer.node('Where', [
        writer.node('Equal', [places, winner]),
        writer.reshape(gradient, [-1, channels, 1]),
        0,
      ]);
      return writer.reshape(share, [-1, channels, ...image]);
    },
  ];
};

/** For each tap of the kernel: its place, and the gradient of the windows whose maximum it holds first. */
function* sharesOfTaps(step: BackwardStep, rows: PoolWindow, columns: PoolWindow) {
  const { writer, gradient, x, y } = step;
  const padded = writer.pad(
    x,
    [0, 0, rows.before, columns.before],
    [0, 0, Math.max(rows.after, 0), Math.max(columns.after, 0)],
    LOWEST,
  );
  let free: string | undefined;
  for (let i = 0; i < rows.kernel; i++) {
    for (let j = 0; j < columns.kernel; j++) {
      const [row, column] = [i * rows.dilation, j * columns.dilation];
      const tap = writer.node('Slice', [
        padded,
        writer.integers([row, column]),
        writer.integers([
          row + (rows.output - 1) * rows.stride + 1,
          column + (columns.output - 1) * columns.stride + 1,
        ]),
        writer.integers([2, 3]),
        writer.integers([rows.stride, columns.stride]),
      ]);
      const equal = writer.node('Equal', [tap, y]);
      const chosen: string = free ? writer.node('And', [equal, free]) : equal;
      const notEqual = writer.node('Not', [equal]);
      free = free ? writer.node('And', [free, notEqual]) : notEqual;
      yield { row, column, share: writer.node('Where', [chosen, gradient, 0]) };
    }
  }
}

/** Rows (or columns) of a phase. */
function cells({ output, kernel, stride, dilation }: PoolWindow): number {
  return output + Math.floor(((kernel - 1) * dilation) / stride);
}

/** Puts the phases together to the gradient of the input. */
function interleave(step: BackwardStep, shares: Map<string, string[]>, rows: PoolWindow, columns: PoolWindow): string {
  const { writer } = step;
  const phases: string[] = [];
  for (let i = 0; i < rows.stride; i++) {
    for (let j = 0; j < columns.stride; j++) {
      const [first, ...more] = shares.get(`${i},${j}`) ?? [];
      if (first) phases.push(more.length > 0 ? writer.node('Sum', [first, ...more]) : first);
      else phases.push(writer.node('Mul', [phases[0] as string, 0])); // no tap reads these inputs
    }
  }
  const [height, width] = [cells(rows), cells(columns)];
  const [tall, wide] = [height * rows.stride, width * columns.stride];
  const image = phases.length === 1 ? (phases[0] as string) : weave(step, phases, rows, columns);
  return writer.pad(
    image,
    [0, 0, -rows.before, -columns.before],
    [0, 0, rows.input + rows.before - tall, columns.input + columns.before - wide],
  );
}

/** Puts phase (i, j) to the places i rows down and j columns across of every stride. */
function weave(step: BackwardStep, phases: readonly string[], rows: PoolWindow, columns: PoolWindow): string {
  const { writer } = step;
  const all = writer.node('Concat', phases, { axis: 1 });
  if (rows.stride === columns.stride) return writer.node('DepthToSpace', [all], { blocksize: rows.stride });
  const [channels, height, width] = [step.shape(step.x)[1] as number, cells(rows), cells(columns)];
  const apart = writer.reshape(all, [-1, rows.stride, columns.stride, channels, height, width]);
  const woven = writer.node('Transpose', [apart], { perm: [0, 3, 4, 1, 5, 2] });
  return writer.reshape(woven, [-1, channels, height * rows.stride, width * columns.stride]);
}
