import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import * as errors from '../errors.js';
import type { Slice } from './applyModalityLut.js';
import type { DecodeOutcome, DecodeTask } from './decodeWorker.js';

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
  const pool = new Piscina<DecodeTask, DecodeOutcome>({
    filename: fileURLToPath(new URL('./decodeWorker.js', import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    recordTiming: false,
  });
  const turn = createTurns(threads);
  return {
    readSlice: (source, frameNumber) =>
      // The clock must start when a thread is free, not when the frame joins the queue.
      turn(async () => {
        const signal = AbortSignal.timeout(timeoutMs);
        try {
          return revive(await pool.run({ source, frameNumber, memoryMb }, { signal }));
        } catch (error) {
          if (signal.aborted && !(error instanceof errors.MrimasterError)) {
            throw new errors.UndecodablePixels(
              `Frame ${frameNumber} took longer than ${timeoutMs} ms to decode. Send the object uncompressed.`,
            );
          }
          if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
            throw new errors.UndecodablePixels(
              `Frame ${frameNumber} needed more than ${memoryMb} MB to decode. Send the object uncompressed.`,
            );
          }
          throw error;
        }
      }),
    close: () => pool.destroy(),
  };
}

function revive(outcome: DecodeOutcome): Slice {
  if ('slice' in outcome) return outcome.slice;
  const { name, message } = outcome.failed;
  const ErrorClass = (errors as unknown as Record<string, new (message: string) => Error>)[name];
  throw ErrorClass ? new ErrorClass(message) : new Error(message);
}

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
