import { MrimasterError, UndecodablePixels } from '../../errors/errors.js';
import { readFrame } from '../header/frames.js';
import { type Header, readHeader } from '../header/readHeader.js';
import { applyModalityLut, type ModalitySlice } from './applyModalityLut.js';
import { decodeFrameOf } from './decode.js';

/**
 * Reads frame `frameNumber` (from 1) of a DICOM object as modality values, ready for inference.
 * @throws InvalidDicom, UnsupportedTransferSyntax, UnsupportedPixels or UndecodablePixels; nothing else.
 */
export async function readSlice(bytes: Uint8Array, frameNumber: number): Promise<ModalitySlice> {
  return readSliceOf(readHeader(bytes), frameNumber);
}

/** As {@link readSlice}, from a header that is read already. */
export async function readSliceOf(header: Header, frameNumber: number): Promise<ModalitySlice> {
  const decoded = await decodeFrameOf(header, frameNumber);
  try {
    return applyModalityLut(decoded, header.dataSet, readFrame(header.dataSet, frameNumber));
  } catch (error) {
    if (error instanceof MrimasterError) throw error;
    throw new UndecodablePixels('The header contradicts the pixel data. Export the image again.', { cause: error });
  }
}
