import { inflateRawSync } from 'node:zlib';
import { UndecodablePixels } from '../../errors/errors.js';

/**
 * Inflates one frame of Deflated Image Frame Compression (PS3.5 8.2.16, A.4.13: a raw stream of RFC 1951). It may have
 * `frameBytes` bytes and one byte of padding at most.
 * @throws UndecodablePixels where the stream is damaged or longer.
 */
export function inflateFrame(bytes: Uint8Array, frameBytes: number): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: frameBytes + 1, chunkSize: frameBytes + 64 }));
  } catch (error) {
    const longer = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new UndecodablePixels(
      `The deflated frame is ${longer ? 'larger than its header declares' : 'damaged'}. Send or copy the file again.`,
      { cause: error },
    );
  }
}
