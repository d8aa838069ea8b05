import { type Header, readHeader } from '../header/readHeader.js';
import { type DecodedFrame, decodeFrameOf, type StoredPixels } from './decode.js';
import { readPixelDescription } from './pixelDescription.js';

/**
 * One frame's stored values, before any LUT.
 * `pixels`: row by row, samples interleaved by pixel, with bits outside BitsStored masked off and the sign extended.
 * See decode.ts for colour.
 * `photometricInterpretation`: as in the header. `colourSpace`: that of the decoded values.
 */
export type StoredFrame = {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  bitsStored: number;
  photometricInterpretation: string;
  colourSpace: string;
  transferSyntaxUid: string;
  numberOfFrames: number;
  pixels: StoredPixels;
};

/**
 * Reads frame `frameNumber` (from 1) of a DICOM object as stored values.
 * @throws InvalidDicom, UnsupportedTransferSyntax, UnsupportedPixels or UndecodablePixels; nothing else.
 */
export async function readStoredFrame(bytes: Uint8Array, frameNumber: number): Promise<StoredFrame> {
  return readStoredFrameOf(readHeader(bytes), frameNumber);
}

/** As {@link readStoredFrame}, from a header that is read already. */
export async function readStoredFrameOf(header: Header, frameNumber: number): Promise<StoredFrame> {
  const decoded = await decodeFrameOf(header, frameNumber);
  const { rows, columns, samplesPerPixel, bitsStored, photometricInterpretation } = decoded;
  return {
    rows,
    columns,
    samplesPerPixel,
    bitsStored,
    photometricInterpretation,
    colourSpace: decodedColourSpace(photometricInterpretation),
    transferSyntaxUid: header.transferSyntaxUid,
    numberOfFrames: readPixelDescription(header).numberOfFrames,
    pixels: maskStored(decoded),
  };
}

/**
 * Masks off the bits outside BitsStored and extends the sign from HighBit (PS3.5 8.1.1). Returns the same array where
 * there are no such bits.
 */
export function maskStored({ pixels, bitsAllocated, bitsStored, highBit, signed }: DecodedFrame): StoredPixels {
  if (bitsStored === bitsAllocated) return pixels;
  const above = 32 - bitsStored;
  const below = highBit + 1 - bitsStored;
  return pixels.map((value) => {
    const moved = (value >> below) << above;
    return signed ? moved >> above : moved >>> above;
  });
}

/**
 * The colour space of decoded values: JPEG 2000 decoders undo their own transforms (PS3.5 8.2.4), and shared chroma is
 * repeated (PS3.3 C.7.6.3.1.2).
 */
function decodedColourSpace(photometricInterpretation: string): string {
  if (/^YBR_(?:RCT|ICT)$/.test(photometricInterpretation)) return 'RGB';
  return photometricInterpretation.replace(/^(YBR_(?:FULL|PARTIAL))_42[02]$/, '$1');
}
