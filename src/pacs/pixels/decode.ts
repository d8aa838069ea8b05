import type { DataSet } from 'dicom-parser';
import {
  InvalidDicom,
  MrimasterError,
  UndecodablePixels,
  UnsupportedPixels,
  UnsupportedTransferSyntax,
} from '../../errors/errors.js';
import { readUnsignedShort } from '../header/attributes.js';
import { type Header, readHeader } from '../header/readHeader.js';
import { describeTransferSyntax, supportedTransferSyntaxes, TRANSFER_SYNTAXES } from '../header/transferSyntax.js';
import { type Codestream, readJpeg2000Codestream, readJpegCodestream } from './codestream.js';
import { decodeJpeg } from './decodeJpeg.js';
import { decodeJpegLs } from './decodeJpegLs.js';
import { readEncapsulatedFrame } from './encapsulated.js';
import { inflateFrame } from './inflateFrame.js';
import { arrangeSamples, readNativeFrame } from './nativeFrame.js';
import { type PixelDescription, readPixelDescription } from './pixelDescription.js';
import { decodeRle } from './rle.js';

/** Samples as integers of the smallest type that holds BitsAllocated bits. */
export type StoredPixels = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/**
 * One frame's stored values as the file encodes them: before any LUT, with bits above `bitsStored` unmasked.
 * `pixels`: rows × columns × samplesPerPixel values, row by row, the samples of a pixel side by side. Single bits take
 * a byte each.
 * Colour stays as in the file (PS3.3 C.7.6.3.1.2): palette indices, RGB, or YBR with shared chroma repeated for each
 * pixel. Only the colour transform inside JPEG 2000 is undone: YBR_RCT and YBR_ICT become RGB.
 */
export type DecodedFrame = Pick<
  PixelDescription,
  | 'rows'
  | 'columns'
  | 'samplesPerPixel'
  | 'bitsAllocated'
  | 'bitsStored'
  | 'highBit'
  | 'signed'
  | 'photometricInterpretation'
> & { pixels: StoredPixels };

/**
 * Decodes frame `frameNumber` (from 1) of a DICOM object. The result has exactly the size that the header declares and
 * comes from this frame alone.
 * @throws InvalidDicom, UnsupportedTransferSyntax, UnsupportedPixels or UndecodablePixels; nothing else.
 */
export async function decodeFrame(bytes: Uint8Array, frameNumber: number): Promise<DecodedFrame> {
  return decodeFrameOf(readHeader(bytes), frameNumber);
}

/** As {@link decodeFrame}, from a header that is read already. */
export async function decodeFrameOf(header: Header, frameNumber: number): Promise<DecodedFrame> {
  try {
    const description = readPixelDescription(header);
    if (!Number.isInteger(frameNumber) || frameNumber < 1 || frameNumber > description.numberOfFrames) {
      throw new InvalidDicom(`There is no frame ${frameNumber}: the object has ${description.numberOfFrames}.`);
    }
    const { samples, codestream } = await decodeSamples(header, description, frameNumber);
    if (samples.length !== description.frameBytes) throw wrongSize();
    const { frameBytes: _, planarConfiguration: __, numberOfFrames: ___, ...rest } = description;
    const decoded = { ...rest, pixels: toTypedArray(samples, description) };
    return codestream === null ? decoded : keepOverflow(decoded, codestream, header.dataSet);
  } catch (error) {
    if (error instanceof MrimasterError) throw error;
    throw new UndecodablePixels('The pixel data contradicts its header. Send or copy the file again.', {
      cause: error,
    });
  }
}

/**
 * `samples`: of one frame, little-endian, `bitsAllocated` bits each. `codestream`: what a compressed image
 * states of itself; null where it states nothing.
 */
type Samples = { samples: Uint8Array; codestream: Codestream | null };

async function decodeSamples(header: Header, description: PixelDescription, frameNumber: number): Promise<Samples> {
  const decoder = TRANSFER_SYNTAXES[header.transferSyntaxUid]?.decoder ?? null;
  if (decoder === null) {
    throw new UnsupportedTransferSyntax(
      `Transfer syntax ${describeTransferSyntax(header.transferSyntaxUid)} is not supported. ` +
        `Supported: ${supportedTransferSyntaxes()}.`,
    );
  }
  const { pixelData } = header;
  if (pixelData === null) {
    throw header.dataSet.elements.x7fe00008 || header.dataSet.elements.x7fe00009
      ? new UnsupportedPixels('Float pixel data are not supported. Send integer images.')
      : new UndecodablePixels('The object has no pixel data. Send or copy the file again.');
  }
  const encapsulated = pixelData.hadUndefinedLength === true;
  if (encapsulated === (decoder === 'native')) {
    throw new UndecodablePixels('The pixel data are not in the transfer syntax that the header names. Send it again.');
  }
  const withoutPrecision = (samples: Uint8Array) => ({ samples, codestream: null });
  if (decoder === 'native') return withoutPrecision(readNativeFrame(header, pixelData, description, frameNumber));
  const bytes = readEncapsulatedFrame(header, pixelData, frameNumber, description.numberOfFrames);
  refuseBomb(bytes.length, description.frameBytes);
  const { bitsAllocated, signed, photometricInterpretation } = description;
  if (decoder === 'uncompressed') return withoutPrecision(arrangeSamples(bytes, description));
  if (decoder === 'deflate')
    return withoutPrecision(arrangeSamples(inflateFrame(bytes, description.frameBytes), description));
  if (decoder === 'rle') return withoutPrecision(decodeRleFrame(bytes, description));
  const jpeg2000 = decoder === 'jpeg2000' || decoder === 'htj2k';
  const codestream = jpeg2000 ? readJpeg2000Codestream(bytes) : readJpegCodestream(bytes);
  checkCodestream(codestream, description);
  const decoded =
    decoder === 'jpegls'
      ? await decodeJpegLs(bytes, codestream)
      : await decodeJpeg(bytes, codestream, { kind: decoder, signed, photometricInterpretation });
  const samples = codestream.precision <= 8 && bitsAllocated === 16 ? widen(decoded, codestream.signed) : decoded;
  return { samples, codestream };
}

function decodeRleFrame(bytes: Uint8Array, description: PixelDescription): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const pixels = rows * columns;
  if (bitsAllocated > 1) return decodeRle(bytes, { pixels, samplesPerPixel, bytesPerSample: bitsAllocated / 8 });
  // Single bits are run-length encoded in packed form, eight to a byte (PS3.5 8.2.2).
  const packed = { pixels: Math.ceil((pixels * samplesPerPixel) / 8), samplesPerPixel: 1, bytesPerSample: 1 };
  return arrangeSamples(decodeRle(bytes, packed), description);
}

/**
 * Trusts a compressed image whose samples have more bits than BitsStored says and use them: to mask them off would wrap bright
 * pixels to dark ones. Bits that an overlay of the header occupies (PS3.5 8.1.2) are no part of the samples and stay masked.
 */
function keepOverflow(decoded: DecodedFrame, codestream: Codestream, dataSet: DataSet): DecodedFrame {
  const { bitsStored, highBit, pixels, signed } = decoded;
  const { precision } = codestream;
  if (precision <= bitsStored || highBit + 1 !== bitsStored || hasOverlayInPixels(dataSet)) return decoded;
  const trusted = { ...decoded, bitsStored: precision, highBit: precision - 1 };
  // A stream of signed samples extends their sign itself: all its bits together are the value, in every frame alike.
  if (signed && codestream.signed) return trusted;
  let used = 0;
  for (const value of pixels) used |= value;
  // A bit by itself, with unused ones below, is what is left of an overlay whose group somebody has removed.
  return (used >> bitsStored) & 1 ? trusted : decoded;
}

/** Whether an overlay plane (60xx) has its bits within the pixels: retired, but still in old objects. */
function hasOverlayInPixels(dataSet: DataSet): boolean {
  return Object.keys(dataSet.elements).some((tag) => {
    if (!/^x60[0-9a-f]{2}0102$/.test(tag)) return false;
    return (readUnsignedShort(dataSet, tag) ?? 0) > 0;
  });
}

/**
 * Refuses a bomb. Even an empty image of that size takes more bytes, while a decoder would allocate all of its pixels.
 */
function refuseBomb(compressed: number, frameBytes: number): void {
  if (frameBytes > 4 * 1024 * 1024 && frameBytes > 2000 * compressed) {
    throw new UndecodablePixels('The compressed image is far too short for its size. Export it again.');
  }
}

/**
 * Checks that the compressed image has the size and depth that the header declares. Otherwise another image would be
 * shown.
 */
function checkCodestream(codestream: Codestream, description: PixelDescription): void {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, signed } = description;
  const same =
    codestream.rows === rows && codestream.columns === columns && codestream.samplesPerPixel === samplesPerPixel;
  if (!same || codestream.precision > bitsAllocated) throw wrongSize();
  if (bitsAllocated === 32) {
    throw new UnsupportedPixels('Compressed images of 32 bits are not supported. Send the object uncompressed.');
  }
  // Negative values could not be distinguished from large ones.
  if (signed && !codestream.signed && codestream.precision < bitsStored) throw wrongSize();
}

function widen(samples: Uint8Array, signed: boolean): Uint8Array {
  const narrow = signed ? new Int8Array(samples.buffer, samples.byteOffset, samples.length) : samples;
  return new Uint8Array(Int16Array.from(narrow).buffer);
}

function toTypedArray(samples: Uint8Array, { bitsAllocated, signed }: PixelDescription): StoredPixels {
  // A typed array must start at a multiple of its element size, which a view into a larger buffer may not.
  const aligned = samples.byteOffset % 4 === 0 ? samples : samples.slice();
  const buffer = aligned.buffer as ArrayBuffer;
  const { byteOffset } = aligned;
  const length = samples.length / Math.ceil(bitsAllocated / 8);
  if (bitsAllocated <= 8) return new (signed ? Int8Array : Uint8Array)(buffer, byteOffset, length);
  if (bitsAllocated === 16) return new (signed ? Int16Array : Uint16Array)(buffer, byteOffset, length);
  return new (signed ? Int32Array : Uint32Array)(buffer, byteOffset, length);
}

function wrongSize(): UndecodablePixels {
  return new UndecodablePixels('The compressed image is not the one that the header describes. Export it again.');
}
