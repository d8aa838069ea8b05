import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controlParts } from '../../src/explain/controlParts.js';
import { describeFaithfulness, judge, measureFaithfulness } from '../../src/explain/measureFaithfulness.js';
import { type Classifier, openClassifier } from '../../src/inference/classifier.js';
import type { GrayscaleImage } from '../../src/inference/image.js';
import { chooseModel, readModels } from '../../src/inference/manifest.js';
import { PHANTOM_PIXEL_SPACING, phantomVolume, SAMPLE_SEED } from '../../src/sample/phantom.js';
import { REPOSITORY } from '../setup/program.js';

let classifier: Classifier;
let image: GrayscaleImage;
let lesion: { rows: number[]; columns: number[] };
beforeAll(async () => {
  classifier = await openClassifier(chooseModel(await readModels(join(REPOSITORY, 'models'))), 'cpu');
  const slice = phantomVolume(SAMPLE_SEED, 22)[8];
  if (!slice) throw new Error('the phantom has fewer slices than it was asked for');
  const { rows, columns, pixels, lesionMask } = slice;
  image = { rows, columns, pixels: Float32Array.from(pixels), pixelSpacing: PHANTOM_PIXEL_SPACING };
  const places = [...lesionMask.keys()].filter((index) => lesionMask[index] === 1);
  lesion = {
    rows: places.map((index) => Math.floor(index / columns)),
    columns: places.map((index) => index % columns),
  };
});
afterAll(() => classifier?.close());

/** A map of the whole slice, hot in the cell at these fractions of its height and width. */
function hotAt(y: number, x: number) {
  const values = new Float32Array(64);
  values[Math.floor(y * 8) * 8 + Math.floor(x * 8)] = 1;
  return { rows: 8, columns: 8, values, frame: { top: 0, left: 0, height: image.rows, width: image.columns } };
}

it('supports a map that is hot on the lesion, and neither one that is hot elsewhere nor an empty one', async () => {
  const middle = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [y, x] = [middle(lesion.rows) / image.rows, middle(lesion.columns) / image.columns];
  const empty = { ...hotAt(0, 0), values: new Float32Array(64) };
  const [on, off, none] = await measureFaithfulness(classifier, image, 'glioma', [
    hotAt(y, x),
    hotAt(1 - y, 1 - x),
    empty,
  ]);
  expect(on?.verdict).toBe('SUPPORTED');
  expect(on?.without).toBeLessThan((on?.probability as number) - 0.05);
  expect(off?.verdict).toBe('UNSUPPORTED');
  expect(none).toMatchObject({ verdict: 'EMPTY', without: none?.probability, control: none?.probability });
});

it('takes no map of a few pixels for an empty one', async () => {
  const tiny = { rows: 2, columns: 2, values: new Float32Array(4), frame: { top: 0, left: 0, height: 2, width: 2 } };
  tiny.values[0] = 1;
  const [found] = await measureFaithfulness(classifier, image, 'glioma', [tiny]);
  expect(found?.verdict).not.toBe('EMPTY');
});

it('gives no verdict of a label that the slice has less than 5 % of', async () => {
  const [verdict] = await classifier.classify([image]);
  const rare = verdict?.probabilities.find(({ probability }) => probability < 0.05);
  const [found] = await measureFaithfulness(classifier, image, rare?.label as string, [hotAt(0.5, 0.5)]);
  expect(found).toMatchObject({ verdict: 'TOO_UNLIKELY', probability: expect.closeTo(rare?.probability as number, 3) });
});

it.each([
  [{ probability: 0.9, without: 0.5, control: 0.88 }, 'SUPPORTED'],
  [{ probability: 0.9, without: 0.5, control: 0.54 }, 'UNSUPPORTED'], // other parts matter as much, but for chance
  [{ probability: 0.9, without: 0.86, control: 0.95 }, 'UNSUPPORTED'],
  [{ probability: 0.9, without: 0.5, control: 0.3 }, 'UNSUPPORTED'],
  [{ probability: 0.049, without: 0, control: 0.049 }, 'TOO_UNLIKELY'],
])('supports a map by a margin over other parts: %o is %s', (figures, verdict) => {
  expect(judge(figures)).toBe(verdict);
});

describe('the parts that the hottest one is held against', () => {
  const seen = { top: 5, left: 10, height: 80, width: 60 };
  const size = { rows: 100, columns: 90 };
  /** A head in the middle of air. */
  const pixels = Float32Array.from({ length: 9000 }, (_, place) =>
    Math.hypot(Math.floor(place / 90) - 45, (place % 90) - 40) < 25 ? 100 + (place % 7) : 0,
  );
  const blurred = new Float32Array(9000);
  const square = (row: number, column: number, side: number) =>
    Array.from({ length: side * side }, (_, i) => (row + Math.floor(i / side)) * 90 + column + (i % side));
  const hot = {
    corner: square(10, 12, 22),
    middle: square(36, 30, 21),
    even: [...square(5, 10, 60)].filter((_, i) => i % 8 === 0),
  };

  it.each(Object.entries(hot))('are as large, apart from each other and from it, and seen: %s', (_, hottest) => {
    const parts = controlParts(hottest, seen, { ...size, pixels }, blurred);
    expect(parts.length).toBeGreaterThanOrEqual(5);
    for (const part of parts) expect(part).toHaveLength(hottest.length);
    const all = [...hottest, ...parts.flat()];
    expect(new Set(all).size).toBe(all.length);
    for (const place of parts.flat()) {
      const [row, column] = [Math.floor(place / 90), place % 90];
      expect(row >= 5 && row < 85 && column >= 10 && column < 70).toBe(true);
    }
  });

  it('lie where there is something to remove', () => {
    const [first] = controlParts(hot.corner, seen, { ...size, pixels }, blurred);
    expect(first?.filter((place) => (pixels[place] as number) > 0)).toHaveLength(hot.corner.length);
  });

  it('are none of nothing, and none where there is no room', () => {
    expect(controlParts([], seen, { ...size, pixels }, blurred)).toEqual([]);
    expect(controlParts(square(5, 10, 60), seen, { ...size, pixels }, blurred)).toEqual([]);
  });
});

it('says which label it speaks of where that is not the answer', () => {
  const figures = { probability: 0.3, without: 0.1, control: 0.29 };
  expect(describeFaithfulness({ verdict: 'SUPPORTED', ...figures }, null)).toMatch(
    /^The answer of this slice alone rests/,
  );
  for (const verdict of ['SUPPORTED', 'UNSUPPORTED', 'TOO_UNLIKELY'] as const) {
    const said = describeFaithfulness({ verdict, ...figures }, 'glioma');
    expect(said).toContain('of the label "glioma"');
    expect(said).not.toContain('answer');
  }
});
