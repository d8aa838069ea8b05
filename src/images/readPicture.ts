import { decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { UndecodablePixels, UnsupportedPixels } from '../errors/errors.js';
import type { GrayscaleImage } from '../inference/image.js';
import { plainPng } from './plainPng.js';

const MAX_PIXELS = 4096 * 4096;
const MAX_JPEG_MEMORY_MB = 512;

/** The kind of picture that the first bytes of a file announce; undefined for others. */
export function pictureKind(bytes: Uint8Array): 'png' | 'jpeg' | undefined {
  if (Buffer.from(bytes.subarray(0, 8)).toString('latin1') === '\x89PNG\r\n\x1a\n') return 'png';
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  return undefined;
}

/**
 * Reads a PNG or JPEG as grey values 0–255. Colour becomes luma (ITU-R BT.601), 16 bits are scaled down, and
 * transparent parts are laid over black.
 * @throws UndecodablePixels for a damaged file, UnsupportedPixels for one that is neither, or too large.
 */
export function readPicture(bytes: Uint8Array): GrayscaleImage {
  const kind = pictureKind(bytes);
  if (!kind) throw new UnsupportedPixels('The file is neither DICOM nor PNG nor JPEG. Give one of those.');
  try {
    return kind === 'png' ? readPng(bytes) : readJpeg(bytes);
  } catch (error) {
    if (error instanceof UnsupportedPixels) throw error;
    throw new UndecodablePixels(
      `The ${kind.toUpperCase()} file is damaged (${(error as Error).message}). Send or copy it again.`,
    );
  }
}

function readPng(bytes: Uint8Array): GrayscaleImage {
  // IHDR comes first, with width and height at 16 and 20 (PNG 5.2, 11.2.2). So a bomb is refused before it is inflated.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  requireSize(view.getUint32(16), view.getUint32(20));
  const { width, height, data, channels, depth, palette } = decodePng(plainPng(bytes), { checkCrc: true });
  const scale = 255 / (2 ** depth - 1);
  const sample = sampler(data, width * channels, depth);
  const pixels = new Float32Array(width * height);
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++, index++) {
      const at = (channel: number) => sample(row, column * channels + channel);
      if (palette) {
        const [red, green, blue, alpha = 255] = palette[at(0)] as number[];
        pixels[index] = (luma(red as number, green as number, blue as number) * alpha) / 255;
      } else {
        const grey = channels >= 3 ? luma(at(0), at(1), at(2)) : at(0);
        const opacity = channels % 2 === 0 ? at(channels - 1) * scale : 255;
        pixels[index] = (grey * scale * opacity) / 255;
      }
    }
  }
  return { rows: height, columns: width, pixels };
}

/**
 * Makes a function that reads samples. Below 8 bits a byte holds several samples, the leftmost in its highest bits, and
 * each row begins with a new byte.
 */
function sampler(data: ArrayLike<number>, samplesPerRow: number, depth: number) {
  if (depth >= 8) return (row: number, place: number) => data[row * samplesPerRow + place] as number;
  const bytesPerRow = Math.ceil((samplesPerRow * depth) / 8);
  const mask = 2 ** depth - 1;
  return (row: number, place: number) => {
    const bit = place * depth;
    const byte = data[row * bytesPerRow + (bit >> 3)] as number;
    return (byte >> (8 - depth - (bit & 7))) & mask;
  };
}

function readJpeg(bytes: Uint8Array): GrayscaleImage {
  const limits = { maxResolutionInMP: MAX_PIXELS / 1e6, maxMemoryUsageInMB: MAX_JPEG_MEMORY_MB };
  const { width, height, data } = jpeg.decode(bytes, { ...limits, useTArray: true, tolerantDecoding: false });
  requireSize(width, height);
  const pixels = new Float32Array(width * height);
  for (let index = 0; index < pixels.length; index++) {
    const [red, green, blue] = data.subarray(index * 4, index * 4 + 3) as unknown as [number, number, number];
    pixels[index] = red === green && green === blue ? red : luma(red, green, blue);
  }
  return { rows: height, columns: width, pixels };
}

function requireSize(width: number, height: number): void {
  if (width < 1 || height < 1) throw new RangeError('it has no pixels');
  if (width * height > MAX_PIXELS)
    throw new UnsupportedPixels(
      `The picture has more than ${MAX_PIXELS} pixels. A slice is far smaller; check the file.`,
    );
}

function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
