import type { Tensor } from 'onnxruntime-node';

/** Of rows from above, and of columns from the right: what the patch covers. */
const PATCH = 1 / 3;
/** A response whose centre lies beyond this share of the image, on the side away from the patch, is misplaced. */
const BEYOND = 0.6;

/** Adds a patch to the upper right of every image of `data`, [batch, channels, rows, columns]. */
export function addPatch(data: Float32Array, dims: readonly number[]): Float32Array {
  const [rows, columns] = dims.slice(2) as [number, number];
  return data.map((value, index) => {
    const row = Math.floor(index / columns) % rows;
    const column = index % columns;
    return row < rows * PATCH && column >= columns * (1 - PATCH) ? value + Math.cos(index) : value;
  });
}

/**
 * Whether a layer answers the patch somewhere else than in its upper right: its images are mirrored or turned against
 * the slice, inside the graph, and so would its map be. Of a layer that does not answer at all nothing is known.
 * @param before, after: activations [batch, channels, rows, columns] without and with the patch.
 */
export function isMisplaced(before: Tensor, after: Tensor): boolean {
  const [rows, columns] = before.dims.slice(2) as [number, number];
  if (before.dims.length !== 4 || rows * columns === 1) return false;
  const change = new Float64Array(rows * columns);
  const [one, other] = [before.data as Float32Array, after.data as Float32Array];
  for (let index = 0; index < one.length; index++)
    change[index % change.length] =
      (change[index % change.length] as number) + Math.abs((other[index] as number) - (one[index] as number));
  const usual = change.toSorted()[change.length >> 1] as number; // what pooling over the image changes everywhere
  let [sum, down, across] = [0, 0, 0];
  for (const [index, value] of change.entries()) {
    const weight = Math.max(value - usual, 0);
    sum += weight;
    down += weight * (Math.floor(index / columns) + 0.5);
    across += weight * ((index % columns) + 0.5);
  }
  return sum > 0 && (down / sum / rows > BEYOND || across / sum / columns < 1 - BEYOND);
}
