import type { Element } from 'dicom-parser';
import { InvalidDicom, UndecodablePixels, UnsupportedPixels } from '../../errors/errors.js';
import type { Header } from '../header/readHeader.js';
import { isSubsampled, type PixelDescription } from './pixelDescription.js';

/**
 * Little-endian samples of one uncompressed frame, interleaved by pixel; always a copy.
 * Uncompressed frames follow one another, and those of single bits without a gap (PS3.5 8.1.1, 8.2).
 * @throws UndecodablePixels where the pixel data end before the frame does.
 */
export function readNativeFrame(
  header: Header,
  pixelData: Element,
  description: PixelDescription,
  frameNumber: number,
): Uint8Array {
  const available = Math.min(pixelData.length, header.bytes.length - pixelData.dataOffset);
  checkSubsampling(description, available);
  const firstBit = (frameNumber - 1) * nativeBits(description);
  const first = Math.floor(firstBit / 8);
  const end = Math.ceil((firstBit + nativeBits(description)) / 8);
  if (end > available) {
    throw new UndecodablePixels(
      `The pixel data end before frame ${frameNumber} is complete: the file is truncated. Send or copy it again.`,
    );
  }
  const from = pixelData.dataOffset;
  let bytes = header.bytes.slice(from + first, from + end);
  const { bitsAllocated } = description;
  if (header.bigEndian && bitsAllocated > 8) Buffer.from(bytes.buffer)[bitsAllocated === 16 ? 'swap16' : 'swap32']();
  if (header.bigEndian && bitsAllocated <= 8 && pixelData.vr === 'OW') {
    // PS3.5 A.3: OW swaps pairs of bytes. A frame of odd length shares a word with its neighbour.
    bytes = bytes.map((_, index) => header.bytes[from + ((first + index) ^ 1)] ?? 0);
  }
  return arrangeSamples(bytes, description, firstBit % 8);
}

/**
 * Arranges the bytes of an uncompressed frame as samples interleaved by pixel. Single bits (PS3.5 8.1.1) get a byte
 * each, and shared chroma (PS3.3 C.7.6.3.1.2) is repeated for each pixel.
 * @param firstBit where the frame begins within the first byte.
 * @throws UndecodablePixels where there are fewer bytes than the frame needs.
 */
export function arrangeSamples(bytes: Uint8Array, description: PixelDescription, firstBit = 0): Uint8Array {
  const { bitsAllocated, samplesPerPixel, planarConfiguration, rows, columns, frameBytes } = description;
  if (bytes.length * 8 < firstBit + nativeBits(description)) {
    throw new UndecodablePixels('The frame holds fewer pixels than its header declares. Send or copy the file again.');
  }
  if (isSubsampled(description)) return repeatChroma(bytes, frameBytes);
  const samples = bitsAllocated === 1 ? unpackBits(bytes, frameBytes, firstBit) : bytes.subarray(0, frameBytes);
  const planar = samplesPerPixel > 1 && planarConfiguration === 1;
  return planar ? interleave(samples, rows * columns, samplesPerPixel, Math.ceil(bitsAllocated / 8)) : samples;
}

/** Bits of one frame in an uncompressed file. YBR_FULL_422 takes four bytes for two pixels. */
function nativeBits(description: PixelDescription): number {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  return isSubsampled(description) ? rows * columns * 16 : rows * columns * samplesPerPixel * bitsAllocated;
}

/**
 * Checks pixels that share chroma: they come in pairs, of 8 bits each (PS3.3 C.7.6.3.1.2). Some writers declare
 * YBR_FULL_422 for images in YBR_FULL, and reading those by their header would show another image.
 */
function checkSubsampling(description: PixelDescription, available: number): void {
  const { bitsAllocated, columns, frameBytes, numberOfFrames, photometricInterpretation } = description;
  if (!isSubsampled(description)) return;
  if (bitsAllocated !== 8 || columns % 2 === 1) {
    throw new UnsupportedPixels(
      `Uncompressed ${photometricInterpretation} needs 8 bits and an even number of columns. Send RGB images.`,
    );
  }
  if (available >= frameBytes * numberOfFrames) {
    throw new InvalidDicom(
      'The pixel data are longer than PhotometricInterpretation allows: not YBR_FULL_422 but YBR_FULL, perhaps. ' +
        'Correct it in the sending system.',
    );
  }
}

/** Unpacks single bits. The first pixel is the least significant bit of the first byte (PS3.5 8.1.1). */
function unpackBits(bytes: Uint8Array, count: number, firstBit: number): Uint8Array {
  const samples = new Uint8Array(count);
  for (let index = 0, at = firstBit; index < count; index++, at++) {
    samples[index] = ((bytes[at >> 3] as number) >> (at & 7)) & 1;
  }
  return samples;
}

/** Repeats shared chroma: Y1 Y2 Cb Cr becomes Y1 Cb Cr, Y2 Cb Cr. */
function repeatChroma(pairs: Uint8Array, frameBytes: number): Uint8Array {
  const samples = new Uint8Array(frameBytes);
  for (let from = 0, to = 0; to < frameBytes; from += 4, to += 6) {
    samples[to] = pairs[from] as number;
    samples[to + 3] = pairs[from + 1] as number;
    samples[to + 1] = samples[to + 4] = pairs[from + 2] as number;
    samples[to + 2] = samples[to + 5] = pairs[from + 3] as number;
  }
  return samples;
}

/** Interleaves planes, one for each sample, by pixel. */
export function interleave(planes: Uint8Array, pixels: number, samples: number, bytesPerSample: number): Uint8Array {
  const interleaved = new Uint8Array(planes.length);
  for (let sample = 0; sample < samples; sample++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let byte = 0; byte < bytesPerSample; byte++) {
        interleaved[(pixel * samples + sample) * bytesPerSample + byte] = planes[
          (sample * pixels + pixel) * bytesPerSample + byte
        ] as number;
      }
    }
  }
  return interleaved;
}
