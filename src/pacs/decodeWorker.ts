import { readFile, stat } from 'node:fs/promises';
import { move } from 'piscina';
import { UndecodablePixels } from '../errors.js';
import { answering, comeLast } from '../threads.js';
import type { Slice } from './applyModalityLut.js';
import { readSlice } from './readSlice.js';
import { readStoredFrame, type StoredFrame } from './storedFrame.js';

comeLast();

/** `as`: modality values, or stored ones. */
export type DecodeTask = {
  as: 'slice' | 'stored';
  source: string | Uint8Array;
  frameNumber: number;
  memoryMb: number;
};

/** The file read last: the frames of one multi-frame file are asked for one after another. */
let last: { key: string; bytes: Uint8Array } | null = null;

const LARGEST_KEPT = 256 * 1024 * 1024;

/** What a thread of the decode pool runs; null asks only whether the thread is up. */
export default answering(async (task: DecodeTask | null): Promise<Slice | StoredFrame | null> => {
  if (task === null) return null;
  const { as, source, frameNumber, memoryMb } = task;
  const bytes = typeof source === 'string' ? await readSource(source, memoryMb) : source;
  const frame = await (as === 'slice' ? readSlice : readStoredFrame)(bytes, frameNumber);
  move(frame.pixels); // transferred instead of copied
  return frame;
});

async function readSource(path: string, memoryMb: number): Promise<Uint8Array> {
  const { size, mtimeMs } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new UndecodablePixels('The received file is gone from DATA_DIR. Restore it, or receive the study again.');
  });
  if (size > memoryMb * 1024 * 1024) {
    throw new UndecodablePixels(`The file is larger than ${memoryMb} MB, more than one decoder may use. Split it.`);
  }
  const key = `${path} ${size} ${mtimeMs}`;
  if (last?.key === key) return last.bytes;
  last = null;
  const bytes = await readFile(path);
  if (size <= LARGEST_KEPT) last = { key, bytes };
  return bytes;
}
