import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { MrimasterError, UndecodablePixels } from '../errors.js';
import { answerOf, type Outcome } from '../threads.js';
import type { Slice } from './applyModalityLut.js';
import type { DecodeTask } from './decodeWorker.js';

/**
 * Threads that decode frames.
 * `readSlice`: frame `frameNumber` (from 1) of a DICOM file, by path or by its bytes; see readSlice.ts. Fails with
 * UndecodablePixels as well where a frame takes too long or too much memory; its thread is then replaced.
 * `close`: stops the threads; frames in work fail.
 */
export type DecodePool = {
  readSlice(source: string | Uint8Array, frameNumber: number): Promise<Slice>;
  close(): Promise<void>;
};

/** Enough for any frame of a brain MR, and little enough that a hostile file harms nobody. */
export const FRAME_LIMITS = { timeoutMs: 20_000, memoryMb: 1024 };

/**
 * Starts `threads` decoders, each stopped when one frame takes it longer than `timeoutMs` or its heap outgrows
 * `memoryMb`; files larger than that are refused.
 */
export function createDecodePool({
  threads,
  timeoutMs,
  memoryMb,
}: {
  threads: number;
  timeoutMs: number;
  memoryMb: number;
}): DecodePool {
  const pool = new Piscina<DecodeTask | null, Outcome<Slice>>({
    filename: fileURLToPath(new URL('./decodeWorker.js', import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    recordTiming: false,
  });
  const turn = createTurns(threads);
  /** Waits for a thread to be up: its start shall not count as decoding. */
  const warmUp = () => pool.run(null).then(noop, noop);
  const ready = warmUp();
  return {
    readSlice: (source, frameNumber) =>
      // The clock must start when a thread is free, not when the frame joins the queue.
      turn(async () => {
        await ready;
        const signal = AbortSignal.timeout(timeoutMs);
        try {
          return answerOf(await pool.run({ source, frameNumber, memoryMb }, { signal }));
        } catch (error) {
          if (signal.aborted && !(error instanceof MrimasterError)) {
            await warmUp();
            throw new UndecodablePixels(
              `Frame ${frameNumber} took longer than ${timeoutMs} ms to decode. Send the object uncompressed.`,
            );
          }
          if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
            await warmUp();
            throw new UndecodablePixels(
              `Frame ${frameNumber} needed more than ${memoryMb} MB to decode. Send the object uncompressed.`,
            );
          }
          throw error;
        }
      }),
    close: () => pool.destroy(),
  };
}

const noop = () => {};

/** Runs at most `count` calls at a time, in the order in which they came. */
function createTurns(count: number): <T>(call: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (call) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
