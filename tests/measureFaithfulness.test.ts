import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Classifier, openClassifier } from '../src/inference/classifier.js';
import type { GrayscaleImage } from '../src/inference/image.js';
import { chooseModel, readModels } from '../src/inference/manifest.js';
import { measureFaithfulness } from '../src/measureFaithfulness.js';
import { PHANTOM_PIXEL_SPACING, phantomVolume, SAMPLE_SEED } from '../src/sample/phantom.js';
import { REPOSITORY } from './program.js';

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
  // Half a turn from one lies the other: each is the other's control.
  expect(off?.control).toBeCloseTo(on?.without as number, 1);
  expect(none).toMatchObject({ verdict: 'EMPTY', without: none?.probability, control: none?.probability });
});
