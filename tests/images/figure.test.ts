import { expect, it } from 'vitest';
import { renderFigure } from '../../src/images/figure.js';

const size = { rows: 100, columns: 80 };
const grey = new Uint8Array(size.rows * size.columns).fill(90);
const frame = { top: 0, left: 0, height: 100, width: 80 };
const map = (values: number[]) => ({ rows: 2, columns: 2, values: Float32Array.from(values), frame });

/** How many pixels of a rectangle are not of the background. */
function inked(picture: ReturnType<typeof renderFigure>, left: number, top: number, width: number, height: number) {
  let count = 0;
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) {
      const [red = 0, green = 0, blue = 0] = picture.data.subarray((y * picture.width + x) * 3);
      if (red + green + blue > 200) count++;
    }
  return count;
}

it('names its rows left of them, and warns in full, also with a single layer', () => {
  const picture = renderFigure(grey, size, [{ layer: 'a', map: map([0, 1, 2, 3]) }], 'Grad-CAM');
  const first = picture.height - 3 * (128 + 8) - 25;
  for (let row = 0; row < 3; row++) expect(inked(picture, 0, first + row * 136, 70, 128)).toBeGreaterThan(30);
  expect(inked(picture, 300, 8, picture.width - 300, 40)).toBeGreaterThan(100);
  expect(inked(picture, picture.width - 8, 0, 8, 60)).toBe(0);
});

it('says of an empty map that it says nothing, instead of a scale', () => {
  const of = (values: number[]) => renderFigure(grey, size, [{ layer: 'a', map: map(values) }], 'Grad-CAM');
  const [empty, full] = [of([0, 0, 0, 0]), of([0, 1, 2, 3])];
  const below = (picture: ReturnType<typeof renderFigure>) => picture.data.subarray(-25 * picture.width * 3);
  expect(below(empty)).not.toEqual(below(full));
  const amber = [...below(empty)].filter(
    (_, i, all) => i % 3 === 0 && (all[i] as number) > 230 && (all[i + 2] as number) < 130,
  );
  expect(amber.length).toBeGreaterThan(20);
});
