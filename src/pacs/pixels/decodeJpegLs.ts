import load from '@cornerstonejs/codec-charls/decodewasmjs';
import { UndecodablePixels } from '../../errors/errors.js';
import type { Codestream } from './codestream.js';
import { interleave } from './nativeFrame.js';

let loading: ReturnType<typeof load> | null = null;

/**
 * Decodes one JPEG-LS image to little-endian samples, interleaved by pixel.
 * @throws UndecodablePixels where CharLS refuses the image, or its size is not `expected`.
 */
export async function decodeJpegLs(bytes: Uint8Array, expected: Codestream): Promise<Uint8Array> {
  loading ??= load({ print: () => {}, printErr: () => {} });
  const charls = await loading;
  // A decoder that is reused after a failure returns the previous image, so each frame gets its own.
  const decoder = new charls.JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height, componentCount, bitsPerSample } = decoder.getFrameInfo();
    const { rows, columns, samplesPerPixel, precision } = expected;
    if (width !== columns || height !== rows || componentCount !== samplesPerPixel || bitsPerSample !== precision) {
      throw new Error('another image');
    }
    const samples = decoder.getDecodedBuffer().slice();
    const planar = samplesPerPixel > 1 && decoder.getInterleaveMode() === 0;
    return planar ? interleave(samples, rows * columns, samplesPerPixel, precision > 8 ? 2 : 1) : samples;
  } catch {
    loading = null; // after a trap the module's memory may be inconsistent
    throw new UndecodablePixels('The JPEG-LS image is damaged. Send or copy the file again.');
  } finally {
    decoder.delete();
  }
}
