import type { DisplayWindow, GrayscaleImage } from './image.js';

/** The input that a model's manifest asks for. `mean` and `std` have one value for each channel. */
export type InputSpec = {
  rows: number;
  columns: number;
  channels: number;
  mean: readonly number[];
  std: readonly number[];
  intensity?: 'percentile' | 'byte' | 'window' | undefined;
};

/** How a slice is laid on the model's grid. By default the whole slice is stretched to rows × columns. */
export type Geometry = { crop?: 'content' | undefined; pad?: 'square' | undefined };

/**
 * The rectangle of the slice that the model's input covers, in slice pixels; (0, 0) is the outer corner of the first
 * pixel. It may have fractions, and reaches beyond the slice where the input is padding.
 */
export type InputRectangle = { top: number; left: number; height: number; width: number };

/** The model's input, NCHW float32, and the rectangle of the slice that it covers. */
export type Preprocessed = { input: Float32Array; frame: InputRectangle };

type Box = { top: number; left: number; bottom: number; right: number }; // bottom and right are exclusive
type Scale = (value: number) => number;
type Taps = { first: Int32Array; count: Int32Array; weights: Float64Array; stride: number };

const BACKGROUND_PERCENTILE = 1;
const BRIGHT_PERCENTILE = 99.8; // of a whole field of view
const WHITE_PERCENTILE = 99.5; // of the head alone
const CONTENT_THRESHOLD = 0.1; // of the way from background to bright
const ENOUGH_LINES = 128; // rows and columns that are enough to find the head: of a larger slice every second, third ... is used
const CONTENT_SHARE = 0.1; // of the fullest row or column; an ellipse loses 0.5 % of its axis by it

/**
 * Makes the model's input of a slice: NCHW float32 [1, channels, rows, columns].
 * training/preprocess.py is the same function in numpy; tests/inference/preprocess.test.ts compares them.
 */
export function preprocess(image: GrayscaleImage, spec: InputSpec, geometry?: Geometry): Preprocessed {
  const pixels = withoutNonFinite(image.pixels);
  const slice: Box = { top: 0, left: 0, bottom: image.rows, right: image.columns };
  const content = contentOf(pixels, image.columns, slice);
  const box = geometry?.crop === 'content' ? content.box : slice;
  const frame = geometry?.pad === 'square' ? paddedFrame(box, image.pixelSpacing, spec) : frameOf(box);
  const scale = scaleFor(spec.intensity, image, content);
  const plane = resample(pixels, image.columns, scale, box, frame, spec);
  return { input: normalise(plane, spec), frame };
}

/** Replaces NaN and infinities (a damaged float map, a division by zero) by 0, the value of air. */
function withoutNonFinite(pixels: Float32Array): Float32Array {
  let index = 0;
  while (index < pixels.length && Number.isFinite(pixels[index])) index++;
  return index === pixels.length ? pixels : pixels.map((value) => (Number.isFinite(value) ? value : 0));
}

/**
 * The head within a slice: `box` holds the pixels above `threshold`. `values`: a sample of the pixels that were
 * searched.
 */
type Content = { box: Box; values: Float32Array; background: number; threshold: number };

/**
 * Finds the head within the field of view. The second search, inside the first find, makes the result independent of
 * the width of the empty border, which moves the percentiles of the whole field of view. The level of air comes from
 * the first search, because the first find may hold none.
 */
function contentOf(pixels: Float32Array, columns: number, slice: Box): Content {
  const rough = findContent(pixels, columns, slice);
  return findContent(pixels, columns, rough.box, rough.background);
}

function findContent(pixels: Float32Array, columns: number, within: Box, air?: number): Content {
  const step = Math.max(1, Math.floor(Math.min(within.bottom - within.top, within.right - within.left) / ENOUGH_LINES));
  const values = gather(pixels, columns, within, step);
  const background = air ?? percentile(values, BACKGROUND_PERCENTILE);
  const threshold = background + CONTENT_THRESHOLD * (percentile(values, BRIGHT_PERCENTILE) - background);
  const perRow = new Int32Array(Math.ceil((within.bottom - within.top) / step));
  const perColumn = new Int32Array(Math.ceil((within.right - within.left) / step));
  for (let row = 0, index = 0; row < perRow.length; row++) {
    let inRow = 0;
    for (let column = 0; column < perColumn.length; column++) {
      const content = (values[index++] as number) > threshold ? 1 : 0; // without a branch, which noise would make slow
      inRow += content;
      perColumn[column] = (perColumn[column] as number) + content;
    }
    perRow[row] = inRow;
  }
  const vertical = extent(perRow);
  const horizontal = extent(perColumn);
  if (!vertical || !horizontal) return { box: within, values, background, threshold };
  const box = {
    top: within.top + vertical[0] * step,
    bottom: Math.min(within.bottom, within.top + vertical[1] * step),
    left: within.left + horizontal[0] * step,
    right: Math.min(within.right, within.left + horizontal[1] * step),
  };
  return { box, values, background, threshold };
}

/**
 * The first place, and one past the last, that holds more than its share of content. Specks of noise and burnt-in
 * letters do not.
 */
function extent(counts: Int32Array): [number, number] | undefined {
  const least = CONTENT_SHARE * counts.reduce((most, count) => Math.max(most, count), 0);
  const first = counts.findIndex((count) => count > least);
  return first < 0 ? undefined : [first, counts.findLastIndex((count) => count > least) + 1];
}

/** The values of every `step`th row and column of the box, row by row. */
function gather(pixels: Float32Array, columns: number, box: Box, step: number): Float32Array {
  const height = Math.ceil((box.bottom - box.top) / step);
  const width = Math.ceil((box.right - box.left) / step);
  const values = new Float32Array(height * width);
  for (let row = 0, index = 0; row < height; row++) {
    const start = (box.top + row * step) * columns + box.left;
    for (let column = 0; column < width; column++) values[index++] = pixels[start + column * step] as number;
  }
  return values;
}

/**
 * The nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed. It is always a
 * value that occurs, so no two programs can interpolate differently.
 * It is found by its bits, eleven at a time from the highest, in a tenth of the time of sorting.
 */
function percentile(values: Float32Array, percent: number): number {
  if (values.length === 0) return 0;
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let rank = Math.max(1, Math.ceil((percent * values.length) / 100));
  let known = 0; // mask of the bits of the result that are known
  let key = 0; // their values
  for (const shift of [21, 10, 0]) {
    const counts = new Int32Array(2048);
    for (let index = 0; index < bits.length; index++) {
      const candidate = ordered(bits[index] as number);
      if ((candidate & known) !== key) continue;
      const digit = (candidate >>> shift) & 2047;
      counts[digit] = (counts[digit] as number) + 1;
    }
    let digit = 0;
    while ((counts[digit] as number) < rank) rank -= counts[digit++] as number;
    key |= digit << shift;
    known |= 2047 << shift;
  }
  return new Float32Array(new Int32Array([key < 0 ? key & 0x7fffffff : ~key]).buffer)[0] as number;
}

/** A float's bits as an integer whose unsigned order is that of the floats. */
function ordered(bits: number): number {
  return bits ^ ((bits >> 31) | 0x80000000);
}

/**
 * The function from modality values to 0–1. A slice without a window is scaled by percentiles, even where the model
 * asks for the window.
 */
function scaleFor(intensity: InputSpec['intensity'], image: GrayscaleImage, content: Content): Scale {
  if (intensity === 'byte') return (value) => clip(value / 255);
  if (intensity === 'window' && image.window) return windowed(image.window);
  const { background } = content;
  const white = percentile(above(content.values, content.threshold), WHITE_PERCENTILE);
  const range = white - background;
  return range > 0 ? (value) => clip((value - background) / range) : () => 0;
}

function above(values: Float32Array, threshold: number): Float32Array {
  const kept = new Float32Array(values.length);
  let size = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    kept[size] = value;
    if (value > threshold) size++;
  }
  return kept.subarray(0, size);
}

/** The function of a window (PS3.3 C.11.2.1.2.1, C.11.2.1.3), with the output range 0–1. */
function windowed({ center, width, function: shape }: DisplayWindow): Scale {
  if (shape === 'SIGMOID') return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (shape === 'LINEAR_EXACT') return (value) => clip((value - center) / width + 0.5);
  // A LINEAR window of width 1 is a step at center - 0.5.
  if (width <= 1) return (value) => (value > center - 0.5 ? 1 : 0);
  return (value) => clip((value - (center - 0.5)) / (width - 1) + 0.5);
}

function clip(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0;
}

function frameOf(box: Box): InputRectangle {
  return { top: box.top, left: box.left, height: box.bottom - box.top, width: box.right - box.left };
}

/** The smallest rectangle around the box, centred on it, whose shape in millimetres is that of the model's input. */
function paddedFrame(box: Box, spacing: readonly [number, number] | undefined, spec: InputSpec): InputRectangle {
  const ratio = spacing ? spacing[0] / spacing[1] : 1;
  const rowHeight = ratio > 0 && Number.isFinite(ratio) ? ratio : 1; // in widths of a column
  const { top, left, height, width } = frameOf(box);
  const step = Math.max((height * rowHeight) / spec.rows, width / spec.columns);
  const framed = { height: (step * spec.rows) / rowHeight, width: step * spec.columns };
  return { top: top - (framed.height - height) / 2, left: left - (framed.width - width) / 2, ...framed };
}

/**
 * Resamples with a separable triangle filter as wide as the step between samples: bilinear when enlarging, antialiased
 * when reducing.
 */
function resample(
  pixels: Float32Array,
  columns: number,
  scale: Scale,
  box: Box,
  frame: InputRectangle,
  spec: InputSpec,
): Float32Array {
  const across = tapsFor(frame.left, frame.width, spec.columns, box.left, box.right);
  const down = tapsFor(frame.top, frame.height, spec.rows, box.top, box.bottom);
  const weights = across.weights;
  const scaledRow = new Float64Array(box.right);
  const narrowed = new Float32Array((box.bottom - box.top) * spec.columns);
  for (let row = box.top; row < box.bottom; row++) {
    for (let column = box.left; column < box.right; column++) {
      scaledRow[column] = scale(pixels[row * columns + column] as number);
    }
    const offset = (row - box.top) * spec.columns;
    for (let column = 0; column < spec.columns; column++) {
      const first = across.first[column] as number;
      const count = across.count[column] as number;
      const weight = column * across.stride;
      let sum = 0;
      for (let tap = 0; tap < count; tap++) {
        sum += (weights[weight + tap] as number) * (scaledRow[first + tap] as number);
      }
      narrowed[offset + column] = sum;
    }
  }
  const plane = new Float32Array(spec.rows * spec.columns);
  for (let row = 0; row < spec.rows; row++) {
    const first = (down.first[row] as number) - box.top;
    for (let tap = 0; tap < (down.count[row] as number); tap++) {
      const weight = down.weights[row * down.stride + tap] as number;
      const offset = (first + tap) * spec.columns;
      for (let column = 0; column < spec.columns; column++) {
        const index = row * spec.columns + column;
        plane[index] = (plane[index] as number) + weight * (narrowed[offset + column] as number);
      }
    }
  }
  return plane;
}

/**
 * For each of `size` samples of the rectangle: which pixels from `boxStart` to `boxEnd` make it, with which weights.
 * Pixels of the rectangle outside the box are padding: they take part in the sum of the weights, with the value 0.
 */
function tapsFor(start: number, length: number, size: number, boxStart: number, boxEnd: number): Taps {
  const step = length / size;
  const reach = Math.max(1, step);
  const stride = Math.ceil(2 * reach) + 1;
  const taps = { first: new Int32Array(size), count: new Int32Array(size), weights: new Float64Array(size * stride) };
  const frameFirst = Math.ceil(start - 0.5);
  const frameLast = Math.ceil(start + length - 0.5) - 1;
  for (let sample = 0; sample < size; sample++) {
    const centre = start + (sample + 0.5) * step - 0.5; // in pixel centres
    const from = Math.max(frameFirst, Math.ceil(centre - reach));
    const to = Math.min(frameLast, Math.floor(centre + reach));
    const first = Math.max(from, boxStart);
    const last = Math.min(to, boxEnd - 1);
    let total = 0;
    for (let index = from; index <= to; index++) total += 1 - Math.abs(index - centre) / reach;
    taps.first[sample] = first;
    taps.count[sample] = Math.max(0, last - first + 1);
    for (let index = first; index <= last && total > 0; index++) {
      taps.weights[sample * stride + index - first] = (1 - Math.abs(index - centre) / reach) / total;
    }
  }
  return { ...taps, stride };
}

function normalise(plane: Float32Array, spec: InputSpec): Float32Array {
  const input = new Float32Array(spec.channels * plane.length);
  for (let channel = 0; channel < spec.channels; channel++) {
    const mean = spec.mean[channel] as number;
    const std = spec.std[channel] as number;
    const offset = channel * plane.length;
    for (let index = 0; index < plane.length; index++) input[offset + index] = ((plane[index] as number) - mean) / std;
  }
  return input;
}
