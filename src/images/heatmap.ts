import type { Explanation } from '../generated/prisma/client.js';

/** A map as computed. `values`: row by row. `frame`: the rectangle of the slice that it covers, in slice pixels. */
export type ExplanationMap = {
  rows: number;
  columns: number;
  values: Float32Array;
  frame: { top: number; left: number; height: number; width: number };
};

/** The map of a stored explanation. */
export function mapOf({ rows, columns, values, frame }: Explanation): ExplanationMap {
  return {
    rows,
    columns,
    values: new Float32Array(Uint8Array.from(values).buffer),
    frame: frame as ExplanationMap['frame'],
  };
}

/**
 * Resamples a map to the slice's grid, bilinear between the centres of its cells, 0 outside its rectangle.
 * @param size rows and columns of the slice, and of the result.
 */
export function resampleToSlice(map: ExplanationMap, size: { rows: number; columns: number }): Float32Array {
  const { frame, rows, columns, values } = map;
  const resampled = new Float32Array(size.rows * size.columns);
  for (let row = 0; row < size.rows; row++) {
    const y = (row + 0.5 - frame.top) / frame.height;
    if (y < 0 || y > 1) continue;
    const [top, bottom, down] = neighbours(y * rows - 0.5, rows);
    for (let column = 0; column < size.columns; column++) {
      const x = (column + 0.5 - frame.left) / frame.width;
      if (x < 0 || x > 1) continue;
      const [left, right, across] = neighbours(x * columns - 0.5, columns);
      const at = (r: number, c: number) => values[r * columns + c] as number;
      const upper = at(top, left) * (1 - across) + at(top, right) * across;
      const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
      resampled[row * size.columns + column] = upper * (1 - down) + lower * down;
    }
  }
  return resampled;
}

/**
 * The value that is drawn in the strongest colour: the map's maximum, or the value of each cell of an even map that is
 * worth one logit in all, whichever is larger. So a map that says nothing stays dark instead of being stretched to look
 * vivid.
 * At the last layer of a network with global pooling, Grad-CAM's cells sum to the logit without its bias and without
 * negative parts.
 */
export function fullScale({ rows, columns, values }: ExplanationMap): number {
  return values.reduce((most, value) => Math.max(most, value), 1 / (rows * columns));
}

/** The place of the largest value in slice pixels, at the centre of its cell; null where the map is empty. */
export function peakOf({ rows, columns, values, frame }: ExplanationMap): { x: number; y: number } | null {
  const index = values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);
  if (values[index] === 0) return null;
  return {
    x: frame.left + ((index % columns) + 0.5) * (frame.width / columns),
    y: frame.top + (Math.floor(index / columns) + 0.5) * (frame.height / rows),
  };
}

function neighbours(place: number, size: number): [number, number, number] {
  const clamped = Math.min(Math.max(place, 0), size - 1);
  const first = Math.floor(clamped);
  return [first, Math.min(first + 1, size - 1), clamped - first];
}
