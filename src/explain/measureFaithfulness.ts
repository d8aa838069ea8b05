import { type ExplanationMap, resampleToSlice } from '../images/heatmap.js';
import type { Classifier } from '../inference/classifier.js';
import { probabilityIn } from '../inference/decide.js';
import type { GrayscaleImage } from '../inference/image.js';
import { inPercent } from '../statistics/percent.js';
import { controlParts, type Rectangle } from './controlParts.js';

/**
 * How removing the hottest part of a map changes the calibrated probability of its label. `without`: the probability
 * with that part blurred away. `control`: the same for other parts, see controlParts.ts. `verdict`:
 * - SUPPORTED: the label needs that part, by a margin more than other parts.
 * - UNSUPPORTED: it does not, so the map does not show what the label rests on.
 * - EMPTY: the map has no part to remove.
 * - TOO_UNLIKELY: the label's probability is too low for a drop to be seen.
 */
export type Faithfulness = {
  verdict: 'SUPPORTED' | 'UNSUPPORTED' | 'EMPTY' | 'TOO_UNLIKELY';
  probability: number;
  without: number;
  control: number;
};

/**
 * Says in one sentence how far a map can be trusted; docs/explanations.md says how that is measured.
 * @param label the map's label, where it is not the answer of the slice; else null.
 */
export function describeFaithfulness(
  { verdict, probability, without, control }: Faithfulness,
  label: string | null,
): string {
  if (verdict === 'EMPTY') return 'The map is empty: it says nothing.';
  const [before, after, other] = [probability, without, control].map(inPercent);
  const of = label === null ? '' : ` of the label "${label}"`;
  if (verdict === 'TOO_UNLIKELY')
    return `The probability${of} of this slice alone, ${before}, is too small to tell what it rests on.`;
  const figures = `without its hottest part ${after} instead of ${before}, without other parts ${other}`;
  const what = label === null ? 'The answer of this slice alone' : `The probability${of}, of this slice alone,`;
  return verdict === 'SUPPORTED'
    ? `${what} rests on what the map shows (${figures}).`
    : `${what} does not rest on what the map shows (${figures}).`;
}

const REMOVED_SHARE = 0.1; // of the part of the slice that the model saw
const BLUR_SHARE = 0.15; // of the frame's shorter side: the radius of the blur
const LEAST_PROBABILITY = 0.05; // a label less likely than this rests on nothing
const LEAST_DROP = 0.05; // of probability; a smaller drop is not support
const MARGIN = 0.05; // by which the drop exceeds that of other parts: less may be chance
/** Quantile of the other parts' drops that counts: the largest may be of a part that holds more of the same tumour. */
const CONTROL_QUANTILE = 0.8;

/** Measures each map, by seven forward passes. */
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
    (await classifier.classify(images)).map(({ probabilities }) => probabilityIn(probabilities, label));
  const [probability = 0] = await probabilitiesOf([image]);
  const found: Faithfulness[] = [];
  // One map at a time, so that the inference thread serves others in between and no copies pile up.
  for (const map of maps) {
    const hottest = hottestPixels(map, image);
    const parts = [hottest, ...controlParts(hottest, seenPart(map, image), image, blurred)];
    const [without = probability, ...others] =
      hottest.length === 0 ? [] : await probabilitiesOf(parts.map((part) => replacePixels(image, blurred, part)));
    const control = others.sort((a, b) => b - a)[Math.ceil(others.length * CONTROL_QUANTILE) - 1] ?? probability;
    const figures = { probability, without, control };
    found.push({ verdict: hottest.length === 0 ? 'EMPTY' : judge(figures), ...figures });
  }
  return found;
}

/** The verdict that follows from the figures. */
export function judge({ probability, without, control }: Omit<Faithfulness, 'verdict'>): Faithfulness['verdict'] {
  if (probability < LEAST_PROBABILITY) return 'TOO_UNLIKELY';
  const supported = probability - without >= LEAST_DROP && control - without >= MARGIN;
  return supported ? 'SUPPORTED' : 'UNSUPPORTED';
}

/** Indices of the hottest pixels in the slice: a tenth of the model's input, where the map is above 0. */
function hottestPixels(map: ExplanationMap, size: { rows: number; columns: number }): number[] {
  const { height, width } = seenPart(map, size);
  const most = Math.max(1, Math.round(height * width * REMOVED_SHARE));
  const values = resampleToSlice(map, size);
  // By the least value that belongs to them: sorting the pixels takes twice as long, and callers wait.
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

/** The part of the slice that the model's input covers. */
function seenPart({ frame }: ExplanationMap, { rows, columns }: { rows: number; columns: number }): Rectangle {
  const [top, left] = [Math.max(0, Math.round(frame.top)), Math.max(0, Math.round(frame.left))];
  const height = Math.min(rows, Math.round(frame.top + frame.height)) - top;
  const width = Math.min(columns, Math.round(frame.left + frame.width)) - left;
  return { top, left, height, width };
}

function replacePixels(image: GrayscaleImage, by: Float32Array, places: readonly number[]): GrayscaleImage {
  const pixels = Float32Array.from(image.pixels);
  for (const index of places) pixels[index] = by[index] as number;
  return { ...image, pixels };
}

/** The mean of the square around each pixel, by a summed-area table. */
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
