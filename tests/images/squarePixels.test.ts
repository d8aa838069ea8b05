import { expect, it } from 'vitest';
import { squarePixels, squareSize } from '../../src/images/squarePixels.js';

/** A disc of radius `mm` whose pixels are `aspect` times as high as wide, in a picture of `columns` × `rows`. */
function disc(columns: number, rows: number, aspect: number, radius: number) {
  const data = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const y = (row + 0.5 - rows / 2) * aspect;
      const x = column + 0.5 - columns / 2;
      data[row * columns + column] = Math.hypot(x, y) <= radius ? 255 : 0;
    }
  return { width: columns, height: rows, channels: 1 as const, data };
}

function extent({ width, height, data }: { width: number; height: number; data: Uint8Array }) {
  const rows = Array.from({ length: height }, (_, row) => data.subarray(row * width, (row + 1) * width));
  const lit = rows.filter((row) => row.some((value) => value > 127)).length;
  const across = Array.from({ length: width }, (_, column) => rows.some((row) => (row[column] as number) > 127)).filter(
    Boolean,
  );
  return { high: lit, wide: across.length };
}

it.each([0.5, 0.86 / 1.72, 1.3, 2, 4])('a disc of pixels %s times as high as wide is shown as a disc', (aspect) => {
  const shown = squarePixels(disc(240, Math.round(240 / aspect), aspect, 80), aspect);
  const { high, wide } = extent(shown);
  expect(Math.abs(high - wide)).toBeLessThanOrEqual(Math.ceil(Math.max(aspect, 1 / aspect)) + 1);
  expect(shown.data).toHaveLength(shown.width * shown.height);
});

it('no pixel is lost: the side that has too few grows', () => {
  expect(squareSize({ rows: 4096, columns: 4096, pixelAspect: 10 })).toEqual({ width: 648, height: 6476 });
  expect(squareSize({ rows: 4096, columns: 4096, pixelAspect: 1 })).toEqual({ width: 4096, height: 4096 });
  expect(squareSize({ rows: 100, columns: 100, pixelAspect: 2 })).toEqual({ width: 100, height: 200 });
  expect(squareSize({ rows: 100, columns: 100, pixelAspect: 0.5 })).toEqual({ width: 200, height: 100 });
  expect(squareSize({ rows: 100, columns: 80 })).toEqual({ width: 80, height: 100 });
});

it('square pixels, and a ratio that no scanner has, leave the picture as it is', () => {
  const picture = disc(10, 10, 1, 4);
  for (const aspect of [undefined, 1, 0, -1, 11, 0.09, Number.NaN, Number.POSITIVE_INFINITY])
    expect(squarePixels(picture, aspect)).toBe(picture);
});

it('colours are stretched channel by channel', () => {
  const data = Uint8Array.from([255, 0, 0, 0, 0, 255]);
  const { width, height, data: shown } = squarePixels({ width: 2, height: 1, channels: 3, data }, 2);
  expect({ width, height, shown: [...shown] }).toEqual({ width: 2, height: 2, shown: [...data, ...data] });
});
