import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { MrimasterError, UndecodablePixels } from '../../errors/errors.js';
import { answerOf, type ThreadReply } from '../../process/threads.js';
import type { ModalitySlice } from './applyModalityLut.js';
import type { DecodeTask } from './decodeWorker.js';
import type { StoredFrame } from './storedFrame.js';

/**
 * Threads that decode frames.
 * `readSlice`: frame `frameNumber` (from 1) of a DICOM file, given by its path or bytes, as modality values
 * (readSlice.ts).
 * `readStoredFrame`: the same frame as stored values (storedFrame.ts).
 * Both also fail with UndecodablePixels where a frame takes too much time or memory; its thread is then replaced.
 * `close`: stops the threads. Frames that are being decoded fail.
 */
export type DecodePool = {
  readSlice(source: string | Uint8Array, frameNumber: number): Promise<ModalitySlice>;
  readStoredFrame(source: string | Uint8Array, frameNumber: number): Promise<StoredFrame>;
  close(): Promise<void>;
};

/** Idle time after which a thread is ended. Each takes some 40 MB. */
const IDLE_MS = 60_000;

/** Limits for one frame. They are enough for any frame of a brain MR, and keep a hostile file harmless. */
export const FRAME_LIMITS = { timeoutMs: 20_000, memoryMb: 1024 };

/**
 * Creates a pool of up to `threads` threads, which start when there are frames.
 * @param options.timeoutMs longest time for one frame; its thread is stopped then.
 * @param options.memoryMb largest heap of a thread, and largest file.
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
  const pool = new Piscina<DecodeTask | null, ThreadReply<unknown>>({
    filename: fileURLToPath(new URL('./decodeWorker.js', import.meta.url)),
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    recordTiming: false,
  });
  const turn = createTurns(threads);
  /** Waits until a thread is up, so that its start does not count as decoding time. */
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
    // The clock starts when a thread is free, not when the frame joins the queue.
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

/** Makes a function that runs at most `count` calls at a time, in the order of their arrival. */
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
