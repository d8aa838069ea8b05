import { InvalidDicom, UnsupportedPixels } from '../../errors/errors.js';
import { readString, readUnsignedShort } from '../header/attributes.js';
import { readNumberOfFrames } from '../header/parse.js';
import type { Header } from '../header/readHeader.js';

/**
 * The Image Pixel module (PS3.3 C.7.6.3), which says what the pixel data must contain. Sizes are in pixels, bits and
 * bytes.
 */
export type PixelDescription = {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  signed: boolean;
  planarConfiguration: number;
  photometricInterpretation: string;
  numberOfFrames: number;
  /** Bytes of one decoded frame: rows × columns × samplesPerPixel samples. A single bit takes a byte. */
  frameBytes: number;
};

/**
 * Most samples of one frame: 4096 × 4096 grey pixels. A brain slice has some hundred thousand, and decoders take up to
 * 20 bytes for each.
 */
export const MAX_FRAME_SAMPLES = 4096 * 4096;

/**
 * Reads and checks the Image Pixel module.
 * @throws InvalidDicom where it is absent or contradicts itself, UnsupportedPixels where no decoder handles it.
 */
export function readPixelDescription(header: Header): PixelDescription {
  const { dataSet } = header;
  const number = (tag: string, keyword: string): number => {
    const value = readUnsignedShort(dataSet, tag);
    if (value === null)
      throw new InvalidDicom(`${keyword} is missing: this object is not an image. Send the images alone.`);
    return value;
  };
  const rows = number('x00280010', 'Rows');
  const columns = number('x00280011', 'Columns');
  const samplesPerPixel = readUnsignedShort(dataSet, 'x00280002') ?? 1;
  const bitsAllocated = number('x00280100', 'BitsAllocated');
  const bitsStored = readUnsignedShort(dataSet, 'x00280101') ?? bitsAllocated;
  const highBit = readUnsignedShort(dataSet, 'x00280102') ?? bitsStored - 1;
  if (rows === 0 || columns === 0) {
    throw new InvalidDicom('Rows or Columns is 0. Export the image again from its source.');
  }
  if (![1, 8, 16, 32].includes(bitsAllocated)) {
    throw new UnsupportedPixels(
      `${bitsAllocated} bits per pixel are not supported. Send images of 1, 8, 16 or 32 bits.`,
    );
  }
  if (bitsStored === 0 || bitsStored > bitsAllocated || highBit >= bitsAllocated || highBit + 1 < bitsStored) {
    throw new InvalidDicom('BitsAllocated, BitsStored and HighBit contradict each other. Export the image again.');
  }
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
    throw new UnsupportedPixels(`${samplesPerPixel} samples per pixel are not supported. Send grey or RGB images.`);
  }
  const samples = rows * columns * samplesPerPixel;
  if (samples > MAX_FRAME_SAMPLES) {
    throw new UnsupportedPixels(
      `A frame of ${rows} × ${columns} pixels has more than ${MAX_FRAME_SAMPLES} values. Send smaller images.`,
    );
  }
  return {
    rows,
    columns,
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit,
    // A single bit cannot have a sign.
    signed: bitsAllocated > 1 && readUnsignedShort(dataSet, 'x00280103') === 1,
    planarConfiguration: readUnsignedShort(dataSet, 'x00280006') ?? 0,
    photometricInterpretation: readString(dataSet, 'x00280004') ?? 'MONOCHROME2',
    numberOfFrames: readNumberOfFrames(dataSet),
    frameBytes: samples * Math.ceil(bitsAllocated / 8),
  };
}

/** Whether pixels share chroma in pairs (PS3.3 C.7.6.3.1.2). */
export function isSubsampled({
  samplesPerPixel,
  photometricInterpretation,
}: Pick<PixelDescription, 'samplesPerPixel' | 'photometricInterpretation'>): boolean {
  return samplesPerPixel === 3 && /^YBR_(?:FULL|PARTIAL)_422$/.test(photometricInterpretation);
}
