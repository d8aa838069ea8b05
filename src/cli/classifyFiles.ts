import { open, readFile, stat } from 'node:fs/promises';
import { FileNotReadable, MrimasterError, UnsupportedPixels } from '../errors/errors.js';
import { pictureKind, readPicture } from '../images/readPicture.js';
import type { Classifier, PredictedSlice } from '../inference/classifier.js';
import { abstain } from '../inference/decide.js';
import type { GrayscaleImage } from '../inference/image.js';
import { isDirectory, walkFiles } from '../pacs/findFiles.js';
import { parseInstance } from '../pacs/header/parse.js';
import type { DecodePool } from '../pacs/pixels/decodePool.js';
import { type IneligibleFrame, whyFrameIneligible } from '../pacs/series/frameEligibility.js';

const LARGEST_FILE = 512 * 2 ** 20;

/**
 * A slice of a file, with its prediction, or with the error where it could not be read. `frameNumber` counts from 1.
 */
export type ClassifiedFile = { file: string; frameNumber: number } & (
  | { prediction: PredictedSlice }
  | { failure: MrimasterError }
);

/**
 * Classifies every slice of the PNG, JPEG and DICOM files under `path` (or of `path` itself), without a database. It
 * does not choose series, but abstains from DICOM files that are no brain MR, or a sequence that the model is not made
 * for, by their headers. In a folder, files of other kinds are passed over.
 */
export async function* classifyFiles(
  path: string,
  classifier: Classifier,
  decoding: DecodePool,
): AsyncGenerator<ClassifiedFile> {
  const single = !(await stat(path)).isDirectory();
  for await (const file of walkFiles(path)) {
    const bytes = await orError(() => readWhole(file, single));
    if (bytes === undefined || (!single && bytes instanceof Uint8Array && isDirectory(bytes))) continue;
    if (bytes instanceof MrimasterError) {
      yield { file, frameNumber: 1, failure: bytes };
      continue;
    }
    for await (const slice of slicesOf(file, bytes, decoding, single, classifier)) {
      const { frameNumber, image, ineligible } = slice;
      if (image instanceof MrimasterError) {
        yield { file, frameNumber, failure: image };
        continue;
      }
      const [prediction] = (await classifier.classify([image])) as [PredictedSlice];
      yield { file, frameNumber, prediction: ineligible ? abstain(prediction, ineligible) : prediction };
    }
  }
}

/**
 * @returns the file's bytes; undefined for a large file in a folder that is no DICOM.
 * @throws FileNotReadable; UnsupportedPixels where the file is too large.
 */
async function readWhole(file: string, single: boolean): Promise<Uint8Array | undefined> {
  try {
    if ((await stat(file)).size <= LARGEST_FILE) return await readFile(file);
    if (!single && !(await looksLikeDicom(file))) return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FileNotReadable(`The file cannot be read (${code}). Check its rights.`, { cause: error });
  }
  throw new UnsupportedPixels(
    `The file is larger than ${LARGEST_FILE / 2 ** 20} MiB. Import it: the server reads it in parts.`,
  );
}

type SliceOfFile = { frameNumber: number; image: GrayscaleImage | MrimasterError; ineligible?: IneligibleFrame | null };

async function* slicesOf(
  file: string,
  bytes: Uint8Array,
  decoding: DecodePool,
  single: boolean,
  { manifest }: Classifier,
): AsyncGenerator<SliceOfFile> {
  if (pictureKind(bytes)) return yield { frameNumber: 1, image: await orError(async () => readPicture(bytes)) };
  const instance = await orError(async () => parseInstance(bytes));
  if (instance instanceof MrimasterError) {
    if (single || hasPrefix(bytes)) yield { frameNumber: 1, image: instance };
    return;
  }
  if (instance.numberOfFrames === 0 && single)
    yield { frameNumber: 1, image: new UnsupportedPixels('The DICOM object holds no image. Give one that does.') };
  for (let frameNumber = 1; frameNumber <= instance.numberOfFrames; frameNumber++)
    yield {
      frameNumber,
      image: await orError(() => decoding.readSlice(file, frameNumber)),
      ineligible: whyFrameIneligible(instance, frameNumber, manifest.weightings),
    };
}

/** PS3.10 7.1: "DICM" after a preamble of 128 bytes. */
function hasPrefix(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(128, 132)).toString('latin1') === 'DICM';
}

async function looksLikeDicom(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(132), 0, 132, 0);
    return hasPrefix(buffer);
  } finally {
    await file.close();
  }
}

async function orError<T>(work: () => Promise<T>): Promise<T | MrimasterError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MrimasterError) return error;
    throw error;
  }
}
