import type { Picture } from './png.js';

/**
 * Resizes a grey picture, bilinear between pixel centres; the longer side becomes `size`. For display only, never for a
 * model's input.
 */
export function resizeGrey({ width, height, data }: Picture, size: number): Picture {
  const scale = size / Math.max(width, height);
  const columns = Math.max(1, Math.round(width * scale));
  const rows = Math.max(1, Math.round(height * scale));
  const resized = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const y = clamp(((row + 0.5) * height) / rows - 0.5, height);
    const top = Math.floor(y);
    const bottom = Math.min(top + 1, height - 1);
    for (let column = 0; column < columns; column++) {
      const x = clamp(((column + 0.5) * width) / columns - 0.5, width);
      const left = Math.floor(x);
      const right = Math.min(left + 1, width - 1);
      const at = (r: number, c: number) => data[r * width + c] as number;
      const upper = at(top, left) * (1 - (x - left)) + at(top, right) * (x - left);
      const lower = at(bottom, left) * (1 - (x - left)) + at(bottom, right) * (x - left);
      resized[row * columns + column] = Math.round(upper * (1 - (y - top)) + lower * (y - top));
    }
  }
  return { width: columns, height: rows, channels: 1, data: resized };
}

function clamp(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}
