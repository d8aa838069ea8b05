import { MrimasterError, UndecodablePixels } from '../errors.js';
import { applyModalityLut, type Slice } from './applyModalityLut.js';
import { decodeFrameOf } from './decode.js';
import { readFrame } from './frames.js';
import { readHeader } from './readHeader.js';

/**
 * Frame `frameNumber` (from 1) of a DICOM object as modality values, ready for inference.
 * @throws InvalidDicom, UnsupportedTransferSyntax, UnsupportedPixels or UndecodablePixels; nothing else.
 */
export async function readSlice(bytes: Uint8Array, frameNumber: number): Promise<Slice> {
  const header = readHeader(bytes);
  const decoded = await decodeFrameOf(header, frameNumber);
  try {
    return applyModalityLut(decoded, header.dataSet, readFrame(header.dataSet, frameNumber));
  } catch (error) {
    if (error instanceof MrimasterError) throw error;
    throw new UndecodablePixels('The header contradicts the pixel data. Export the image again.', { cause: error });
  }
}
