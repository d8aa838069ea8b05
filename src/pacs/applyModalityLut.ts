import type { DataSet } from 'dicom-parser';
import { UndecodablePixels, UnsupportedPixels } from '../errors.js';
import { readItem, readShort, readUnsignedShort } from './attributes.js';
import type { DecodedFrame } from './decode.js';
import type { Frame, Window } from './frames.js';
import { maskStored } from './storedFrame.js';

/**
 * One grey slice.
 * `pixels`: row by row, modality values; larger is always brighter. `pixelSpacing`: mm between rows, mm between
 * columns, absent where the file does not say. `window`: the file's own, in the units of `pixels`.
 */
export type Slice = {
  rows: number;
  columns: number;
  pixels: Float32Array;
  pixelSpacing?: readonly [number, number];
  window?: Window;
};

/**
 * Stored values to modality values (PS3.3 C.11.1): bits outside BitsStored masked off, sign extended, then the
 * Modality LUT or the frame's rescale; MONOCHROME1 mirrored within the slice's own range, its window with it; pixels
 * that PixelPaddingValue (C.7.5.1.1.2) marks as no image set to the slice's minimum.
 * @throws UnsupportedPixels for colour, UndecodablePixels for a rescale that makes every pixel equal.
 */
export function applyModalityLut(decoded: DecodedFrame, dataSet: DataSet, frame: Frame): Slice {
  const { rows, columns, photometricInterpretation } = decoded;
  if (decoded.samplesPerPixel !== 1 || !/^MONOCHROME[12]$/.test(photometricInterpretation)) {
    throw new UnsupportedPixels(
      `Images with photometric interpretation ${/^[A-Z0-9_ ]{1,16}$/.exec(photometricInterpretation)?.[0] ?? '(unknown)'} ` +
        'are not grey slices. Send the MR images themselves, in MONOCHROME1 or MONOCHROME2.',
    );
  }
  const transform = readTransform(dataSet, frame, decoded.signed);
  const isPadding = readPadding(dataSet, decoded.signed);
  const pixels = new Float32Array(rows * columns);
  const padded: number[] = [];
  const storedValues = maskStored(decoded);
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < pixels.length; index++) {
    const stored = storedValues[index] as number;
    if (isPadding(stored)) {
      padded.push(index);
      continue;
    }
    const value = transform(stored);
    pixels[index] = value;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (minimum > maximum) minimum = maximum = 0; // nothing but padding
  let window = frame.window;
  if (photometricInterpretation === 'MONOCHROME1') {
    for (let index = 0; index < pixels.length; index++) pixels[index] = minimum + maximum - (pixels[index] as number);
    if (window) window = { ...window, center: minimum + maximum - window.center };
  }
  for (const index of padded) pixels[index] = minimum;
  return {
    rows,
    columns,
    pixels,
    ...(frame.pixelSpacing && { pixelSpacing: frame.pixelSpacing }),
    ...(window && { window }),
  };
}

function readTransform(dataSet: DataSet, frame: Frame, signed: boolean): (stored: number) => number {
  const lut = readModalityLut(dataSet, signed);
  if (lut) return lut;
  const { slope, intercept } = frame.rescale ?? { slope: 1, intercept: 0 };
  if (slope === 0) {
    throw new UndecodablePixels('RescaleSlope is 0, which makes every pixel equal. Export the image again.');
  }
  return (stored) => slope * stored + intercept;
}

/** Modality LUT Sequence (PS3.3 C.11.1.1): descriptor [entries, first stored value mapped, bits], data. */
function readModalityLut(dataSet: DataSet, signed: boolean): ((stored: number) => number) | null {
  const item = readItem(dataSet, 'x00283000');
  const data = item?.elements.x00283006;
  if (!item || !data) return null;
  const entries = readUnsignedShort(item, 'x00283002') || 65_536;
  const first = (signed ? item.int16('x00283002', 1) : item.uint16('x00283002', 1)) ?? 0;
  if (data.length < entries * 2) {
    throw new UndecodablePixels('The Modality LUT is shorter than its descriptor says. Export the image again.');
  }
  const values = Array.from({ length: entries }, (_, index) => item.uint16('x00283006', index) ?? 0);
  return (stored) => values[Math.min(Math.max(stored - first, 0), entries - 1)] as number;
}

/** PixelPaddingValue, or the range from it to PixelPaddingRangeLimit. */
function readPadding(dataSet: DataSet, signed: boolean): (stored: number) => boolean {
  const value = readShort(dataSet, 'x00280120', signed);
  if (value === null) return () => false;
  const limit = readShort(dataSet, 'x00280121', signed) ?? value;
  const [low, high] = value <= limit ? [value, limit] : [limit, value];
  return (stored) => stored >= low && stored <= high;
}
