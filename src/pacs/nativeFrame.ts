import type { Element } from 'dicom-parser';
import { UndecodablePixels } from '../errors.js';
import type { PixelDescription } from './pixelDescription.js';
import type { Header } from './readHeader.js';

/**
 * Little-endian samples of one uncompressed frame, interleaved by pixel; always a copy. PS3.5 8.1.1 and 8.2:
 * uncompressed frames lie one behind the other.
 * @throws UndecodablePixels where the pixel data end before the frame does.
 */
export function readNativeFrame(
  header: Header,
  pixelData: Element,
  { frameBytes, bitsAllocated, samplesPerPixel, planarConfiguration, rows, columns }: PixelDescription,
  frameNumber: number,
): Uint8Array {
  const offset = pixelData.dataOffset + (frameNumber - 1) * frameBytes;
  const end = Math.min(pixelData.dataOffset + pixelData.length, header.bytes.length);
  if (offset + frameBytes > end) {
    throw new UndecodablePixels(
      `The pixel data end before frame ${frameNumber} is complete: the file is truncated. Send or copy it again.`,
    );
  }
  let samples = header.bytes.slice(offset, offset + frameBytes);
  if (header.bigEndian && bitsAllocated > 8) Buffer.from(samples.buffer)[bitsAllocated === 16 ? 'swap16' : 'swap32']();
  if (header.bigEndian && bitsAllocated === 8 && pixelData.vr === 'OW') {
    // PS3.5 A.3: in OW, pairs of bytes are swapped; a frame of odd length shares a word with its neighbour.
    const swapped = (at: number) => header.bytes[pixelData.dataOffset + (at ^ 1)] ?? 0;
    samples = samples.map((_, index) => swapped(offset - pixelData.dataOffset + index));
  }
  const planar = samplesPerPixel > 1 && planarConfiguration === 1;
  return planar ? interleave(samples, rows * columns, samplesPerPixel, bitsAllocated / 8) : samples;
}

function interleave(planes: Uint8Array, pixels: number, samples: number, bytesPerSample: number): Uint8Array {
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
