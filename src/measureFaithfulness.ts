import { type ExplanationMap, resampleToSlice } from './images/heatmap.js';
import type { Classifier } from './inference/classifier.js';
import type { GrayscaleImage } from './inference/image.js';
import { inPercent } from './percent.js';

/**
 * What removing the hottest part of a map does to the calibrated probability of its label.
 * `without`: with that part blurred away; `control`: with an equal part elsewhere blurred away.
 * SUPPORTED: the label needs that part, and more than the other one. UNSUPPORTED: it does not; the map does not show
 * what the answer rests on. EMPTY: the map has no part to remove.
 */
export type Faithfulness = {
  verdict: 'SUPPORTED' | 'UNSUPPORTED' | 'EMPTY';
  probability: number;
  without: number;
  control: number;
};

/** What a map is worth, in one sentence for people; docs/explanations.md says how it is measured. */
export function describeFaithfulness({ verdict, probability, without, control }: Faithfulness): string {
  if (verdict === 'EMPTY') return 'The map is empty: it says nothing.';
  const [before, after, other] = [probability, without, control].map(inPercent);
  const figures = `without its hottest part ${after} instead of ${before}, without another part ${other}`;
  return verdict === 'SUPPORTED'
    ? `The answer of this slice alone rests on what the map shows (${figures}).`
    : `The answer of this slice alone does not rest on what the map shows (${figures}).`;
}

const REMOVED_SHARE = 0.1; // of the part of the slice that the model saw
const BLUR_SHARE = 0.15; // of the frame's shorter side: the radius of the blur
const LEAST_DROP = 0.05; // of probability; less is no support

/** One for each map, by two forward passes a map. */
export async function measureFaithfulness(
  classifier: Classifier,
  image: GrayscaleImage,
  label: string,
  maps: readonly ExplanationMap[],
): Promise<Faithfulness[]> {
  const first = maps[0];
  if (!first) return [];
  const radius = Math.max(1, Math.round(Math.min(first.frame.height, first.frame.width) * BLUR_SHARE));
  const blurred = blur(image, radius);
  const probabilitiesOf = async (images: GrayscaleImage[]) =>
    (await classifier.classify(images)).map(
      ({ probabilities }) => probabilities.find((one) => one.label === label)?.probability ?? 0,
    );
  const [probability = 0] = await probabilitiesOf([image]);
  const found: Faithfulness[] = [];
  // One map at a time: the thread that computes is free for others in between, and no copies pile up.
  for (const map of maps) {
    const hottest = hottestPixels(map, image);
    const opposite = hottest.map((index) => turned(index, map, image)).filter((index) => index >= 0);
    const changed = [replacePixels(image, blurred, hottest), replacePixels(image, blurred, opposite)];
    const [without = 0, control = 0] = await probabilitiesOf(changed);
    const drop = probability - without;
    const supported = drop >= LEAST_DROP && drop > probability - control;
    const empty = map.values.every((value) => value === 0);
    found.push({ verdict: empty ? 'EMPTY' : supported ? 'SUPPORTED' : 'UNSUPPORTED', probability, without, control });
  }
  return found;
}

/** Their places in the slice: a tenth of what the model saw, where the map is above 0. */
function hottestPixels(map: ExplanationMap, size: { rows: number; columns: number }): number[] {
  const { top, left, height, width } = map.frame;
  const seenRows = Math.min(size.rows, top + height) - Math.max(0, top);
  const seenColumns = Math.min(size.columns, left + width) - Math.max(0, left);
  const most = Math.round(seenRows * seenColumns * REMOVED_SHARE);
  const values = resampleToSlice(map, size);
  // By the least value that belongs to them: to sort places by value takes twice as long, and callers wait meanwhile.
  const positive = values.filter((value) => value > 0).sort();
  const least = positive[Math.max(0, positive.length - most)] ?? Number.POSITIVE_INFINITY;
  const above = places(values, (value) => value > least);
  const equal = places(values, (value) => value === least);
  return [...above, ...equal.slice(0, Math.max(0, most - above.length))];
}

function places(values: Float32Array, fits: (value: number) => boolean): number[] {
  const found: number[] = [];
  for (let index = 0; index < values.length; index++) if (fits(values[index] as number)) found.push(index);
  return found;
}

/** The place half a turn away, about the middle of what the model saw; -1 outside of the slice. */
function turned(index: number, { frame }: ExplanationMap, { rows, columns }: GrayscaleImage): number {
  const row = Math.round(2 * frame.top + frame.height - 1 - Math.floor(index / columns));
  const column = Math.round(2 * frame.left + frame.width - 1 - (index % columns));
  return row < 0 || column < 0 || row >= rows || column >= columns ? -1 : row * columns + column;
}

function replacePixels(image: GrayscaleImage, by: Float32Array, places: readonly number[]): GrayscaleImage {
  const pixels = Float32Array.from(image.pixels);
  for (const index of places) pixels[index] = by[index] as number;
  return { ...image, pixels };
}

/** The mean of the square around each pixel, from sums over all rectangles that begin in the corner. */
function blur({ rows, columns, pixels }: GrayscaleImage, radius: number): Float32Array {
  const sums = new Float64Array((rows + 1) * (columns + 1));
  const at = (row: number, column: number) => sums[row * (columns + 1) + column] as number;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      sums[(row + 1) * (columns + 1) + column + 1] =
        (pixels[row * columns + column] as number) + at(row, column + 1) + at(row + 1, column) - at(row, column);
  return pixels.map((_, index) => {
    const row = Math.floor(index / columns);
    const column = index % columns;
    const [top, bottom] = [Math.max(0, row - radius), Math.min(rows, row + radius + 1)];
    const [left, right] = [Math.max(0, column - radius), Math.min(columns, column + radius + 1)];
    const sum = at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
    return sum / ((bottom - top) * (right - left));
  });
}
