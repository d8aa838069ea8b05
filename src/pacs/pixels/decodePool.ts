import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { MrimasterError, UndecodablePixels } from '../../errors/errors.js';
import { answerOf, type Outcome } from '../../process/threads.js';
import type { ModalitySlice } from './applyModalityLut.js';
import type { DecodeTask } from './decodeWorker.js';
import type { StoredFrame } from './storedFrame.js';

/**
 * Threads that decode frames.
 * `readSlice`: frame `frameNumber` (from 1) of a DICOM file, by path or by its bytes, as modality values; see
 * readSlice.ts. `readStoredFrame`: the same as stored values; see storedFrame.ts. Both fail with UndecodablePixels as
 * well where a frame takes too long or too much memory; its thread is then replaced.
 * `close`: stops the threads; frames in work fail.
 */
export type DecodePool = {
  readSlice(source: string | Uint8Array, frameNumber: number): Promise<ModalitySlice>;
  readStoredFrame(source: string | Uint8Array, frameNumber: number): Promise<StoredFrame>;
  close(): Promise<void>;
};

/** Threads that have nothing to do for so long are ended: each takes some 40 MB. */
const IDLE_MS = 60_000;

/** Enough for any frame of a brain MR, and little enough that a hostile file harms nobody. */
export const FRAME_LIMITS = { timeoutMs: 20_000, memoryMb: 1024 };

/**
 * Up to `threads` decoders, started when there are frames, each stopped when one frame takes it longer than `timeoutMs`
 * or its heap outgrows `memoryMb`; files larger than that are refused.
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
  const pool = new Piscina<DecodeTask | null, Outcome<unknown>>({
    filename: fileURLToPath(new URL('./decodeWorker.js', import.meta.url)),
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    recordTiming: false,
  });
  const turn = createTurns(threads);
  /** Waits for a thread to be up: its start shall not count as decoding. */
  const warmUp = () => pool.run(null).then(noop, noop);
  let starting: Promise<void> | undefined;
  const ready = () => {
    if (pool.threads.length > 0 && !starting) return;
    starting ??= warmUp().finally(() => {
      starting = undefined;
    });
    return starting;
  };
  const decode = (task: Omit<DecodeTask, 'memoryMb'>) =>
    // The clock must start when a thread is free, not when the frame joins the queue.
    turn(async () => {
      await ready();
      const signal = AbortSignal.timeout(timeoutMs);
      const tooMuch = async (what: string): Promise<UndecodablePixels> => {
        await warmUp();
        return new UndecodablePixels(`Frame ${task.frameNumber} ${what} to decode. Send the object uncompressed.`);
      };
      try {
        return answerOf(await pool.run({ ...task, memoryMb }, { signal }));
      } catch (error) {
        if (error instanceof MrimasterError) throw error;
        if (signal.aborted) throw await tooMuch(`took longer than ${timeoutMs} ms`);
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ERR_WORKER_OUT_OF_MEMORY') throw await tooMuch(`needed more than ${memoryMb} MB`);
        throw error;
      }
    });
  return {
    readSlice: (source, frameNumber) => decode({ as: 'slice', source, frameNumber }) as Promise<ModalitySlice>,
    readStoredFrame: (source, frameNumber) => decode({ as: 'stored', source, frameNumber }) as Promise<StoredFrame>,
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
