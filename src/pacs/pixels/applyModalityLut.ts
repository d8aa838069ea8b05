import type { DataSet } from 'dicom-parser';
import { UndecodablePixels, UnsupportedPixels } from '../../errors/errors.js';
import { readItem, readShort } from '../header/attributes.js';
import type { FrameHeader, VoiWindow } from '../header/frames.js';
import type { DecodedFrame } from './decode.js';
import { type LookupTable, lookUp, readLookupTable } from './lookupTable.js';
import { maskStored } from './storedFrame.js';
import { mirrorVoiLut, readVoiLut } from './voiLut.js';

/**
 * One grey slice in modality values.
 * `pixels`: row by row; a larger value is always brighter. `pixelSpacing`: mm between rows, then between columns;
 * absent where the file does not say.
 * `pixelAspect`: height of a pixel by its width; absent where pixels are square.
 * `window`: the file's own VOI window, in units of `pixels`. `voiLut`: its VOI LUT, where it has that instead of a
 * window.
 */
export type ModalitySlice = {
  rows: number;
  columns: number;
  pixels: Float32Array;
  pixelSpacing?: readonly [number, number];
  pixelAspect?: number;
  window?: VoiWindow;
  voiLut?: LookupTable;
};

/**
 * Makes modality values of stored values (PS3.3 C.11.1).
 * 1. Bits outside BitsStored are masked off and the sign is extended.
 * 2. The Modality LUT or the frame's rescale is applied.
 * 3. MONOCHROME1 is mirrored within the slice's own range, and its window or VOI LUT with it.
 * 4. Pixels that PixelPaddingValue (C.7.5.1.1.2) marks as outside the image get the slice's minimum.
 * @throws UnsupportedPixels for colour; UndecodablePixels for a rescale that is not a number, or makes every pixel equal.
 */
export function applyModalityLut(decoded: DecodedFrame, dataSet: DataSet, frame: FrameHeader): ModalitySlice {
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
  if (minimum > maximum) minimum = maximum = 0; // the slice is all padding
  let { window } = frame;
  let voiLut = window ? null : readVoiLut(dataSet, frame.frameNumber, minimum < 0);
  if (photometricInterpretation === 'MONOCHROME1') {
    for (let index = 0; index < pixels.length; index++) pixels[index] = minimum + maximum - (pixels[index] as number);
    if (window) window = { ...window, center: minimum + maximum - window.center };
    if (voiLut) voiLut = mirrorVoiLut(voiLut, minimum + maximum);
  }
  for (const index of padded) pixels[index] = minimum;
  return {
    rows,
    columns,
    pixels,
    ...(frame.pixelSpacing && { pixelSpacing: frame.pixelSpacing }),
    ...(frame.pixelAspect !== 1 && { pixelAspect: frame.pixelAspect }),
    ...(window && { window }),
    ...(voiLut && { voiLut }),
  };
}

function readTransform(dataSet: DataSet, frame: FrameHeader, signed: boolean): (stored: number) => number {
  const lut = readLookupTable(readItem(dataSet, 'x00283000'), signed);
  if (lut) return (stored) => lookUp(lut, stored);
  const { slope, intercept } = frame.rescale ?? { slope: 1, intercept: 0 };
  if (!Number.isFinite(slope) || !Number.isFinite(intercept))
    throw new UndecodablePixels(
      'RescaleSlope or RescaleIntercept is not a number (PS3.5 6.2, DS). Export the image again from its source.',
    );
  if (slope === 0) {
    throw new UndecodablePixels('RescaleSlope is 0, which makes every pixel equal. Export the image again.');
  }
  return (stored) => slope * stored + intercept;
}

/** A test whether a stored value is padding: PixelPaddingValue, or the range from it to PixelPaddingRangeLimit. */
function readPadding(dataSet: DataSet, signed: boolean): (stored: number) => boolean {
  const value = readShort(dataSet, 'x00280120', signed);
  if (value === null) return () => false;
  const limit = readShort(dataSet, 'x00280121', signed) ?? value;
  const [low, high] = value <= limit ? [value, limit] : [limit, value];
  return (stored) => stored >= low && stored <= high;
}
