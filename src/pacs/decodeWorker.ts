import { readFile, stat } from 'node:fs/promises';
import { move } from 'piscina';
import { MrimasterError, UndecodablePixels } from '../errors.js';
import type { Slice } from './applyModalityLut.js';
import { readSlice } from './readSlice.js';

export type DecodeTask = { source: string | Uint8Array; frameNumber: number; memoryMb: number };

/** Errors lose their class on the way between threads, so theirs is spelled out. */
export type DecodeOutcome = { slice: Slice } | { failed: { name: string; message: string } };

/** The file read last: the frames of one multi-frame file are asked for one after another. */
let last: { key: string; bytes: Uint8Array } | null = null;

/** What a thread of the decode pool runs. */
export default async function decode({ source, frameNumber, memoryMb }: DecodeTask): Promise<DecodeOutcome> {
  try {
    const bytes = typeof source === 'string' ? await readSource(source, memoryMb) : source;
    const slice = await readSlice(bytes, frameNumber);
    move(slice.pixels); // transferred instead of copied
    return { slice };
  } catch (error) {
    if (!(error instanceof MrimasterError)) throw error;
    return { failed: { name: error.name, message: error.message } };
  }
}

async function readSource(path: string, memoryMb: number): Promise<Uint8Array> {
  const { size, mtimeMs } = await stat(path);
  if (size > memoryMb * 1024 * 1024) {
    throw new UndecodablePixels(`The file is larger than ${memoryMb} MB, more than one decoder may use. Split it.`);
  }
  const key = `${path} ${size} ${mtimeMs}`;
  if (last?.key !== key) last = { key, bytes: await readFile(path) };
  return last.bytes;
}
