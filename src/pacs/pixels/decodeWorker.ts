import '../../output/muteLibraries.js';
import { readFile, stat } from 'node:fs/promises';
import { move } from 'piscina';
import { UndecodablePixels } from '../../errors/errors.js';
import { answering, comeLast } from '../../process/threads.js';
import { type Header, readHeader } from '../header/readHeader.js';
import type { ModalitySlice } from './applyModalityLut.js';
import { readSliceOf } from './readSlice.js';
import { readStoredFrameOf, type StoredFrame } from './storedFrame.js';

comeLast();

/** One frame to decode. `as`: as modality values (slice) or as stored values. `source`: path or bytes of the file. */
export type DecodeTask = {
  as: 'slice' | 'stored';
  source: string | Uint8Array;
  frameNumber: number;
  memoryMb: number;
};

/**
 * The file that was read last, with its header read and inflated. The frames of a multi-frame file are asked for one
 * after another, and each would otherwise cost as much as all of them.
 */
let last: { key: string; header: Header } | null = null;
let forgetting: NodeJS.Timeout | undefined;

/** Files above this size are forgotten when no frame of them is asked for within KEPT_MS. */
const LARGE = 256 * 1024 * 1024;
const KEPT_MS = 10_000;

/** Entry point of a decode pool's thread. A null task only asks whether the thread is up. */
export default answering(async (task: DecodeTask | null): Promise<ModalitySlice | StoredFrame | null> => {
  if (task === null) return null;
  const { as, source, frameNumber, memoryMb } = task;
  const header = typeof source === 'string' ? await readSource(source, memoryMb) : readHeader(source);
  const frame = await (as === 'slice' ? readSliceOf : readStoredFrameOf)(header, frameNumber);
  move(frame.pixels); // transferred instead of copied
  return frame;
});

async function readSource(path: string, memoryMb: number): Promise<Header> {
  const { size, mtimeMs } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new UndecodablePixels('The received file is gone from DATA_DIR. Restore it, or receive the study again.');
  });
  if (size > memoryMb * 1024 * 1024) {
    throw new UndecodablePixels(`The file is larger than ${memoryMb} MB, more than one decoder may use. Split it.`);
  }
  const key = `${path} ${size} ${mtimeMs}`;
  clearTimeout(forgetting);
  if (last?.key !== key) {
    last = null; // released first: memory may not hold both files
    last = { key, header: readHeader(await readFile(path)) };
  }
  const { header } = last;
  if (header.bytes.length > LARGE)
    forgetting = setTimeout(() => {
      last = null;
    }, KEPT_MS).unref();
  return header;
}
