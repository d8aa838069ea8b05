import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { TooBusy, UndecodablePixels } from '../errors/errors.js';
import type { GrayscaleImage } from '../inference/image.js';
import type { StudyReport } from '../pacs/report/report.js';
import type { Overlay } from '../pacs/report/writeSecondaryCapture.js';
import { answerOf, type ThreadReply } from '../process/threads.js';
import { createTurns } from './takeTurns.js';

/** Does work that takes so long that callers would notice, in a thread of its own, which is there only while it is needed. */
export type Offload = {
  /**
   * @param who the caller; callers take turns.
   * @throws as readPicture; UndecodablePixels where it takes too long or too much memory; TooBusy where too many wait.
   */
  readPicture(bytes: Uint8Array, who: string): Promise<GrayscaleImage>;
  writeStructuredReport(report: StudyReport): Promise<Uint8Array>;
  writeSecondaryCapture(overlay: Overlay): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** Longest time for a picture: ten times what the largest one takes. */
const PICTURE_MS = 20_000;
const MEMORY_MB = 512;
const IDLE_MS = 60_000;
/** Limits of what waits: pictures are held in memory meanwhile. */
const TURNS = { most: 12, mostOfOne: 4 };

/** Starts nothing yet: the thread starts with the first work. */
export function openOffload(): Offload {
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./offloadWorker.js', import.meta.url)),
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    recordTiming: false,
  });
  const turn = createTurns(TURNS);
  const run = async <Result>(name: string, task: unknown, signal?: AbortSignal): Promise<Result> =>
    answerOf<Result>((await pool.run(task, { name, ...(signal && { signal }) })) as ThreadReply<Result>);
  const readPicture = async (bytes: Uint8Array) => {
    await run('ready', null); // the picture's time begins when the thread is up and free
    const signal = AbortSignal.timeout(PICTURE_MS);
    try {
      return await run<GrayscaleImage>('picture', bytes, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!signal.aborted && code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
      throw new UndecodablePixels('The picture took too long or too much memory to decode. Send a smaller one.');
    }
  };
  return {
    readPicture: async (bytes, who) => {
      const read = turn(who, () => readPicture(bytes));
      if (!read) throw new TooBusy('Too many pictures wait to be read. Try again shortly.');
      return read;
    },
    writeStructuredReport: (report) => run('structuredReport', report),
    writeSecondaryCapture: (overlay) => run('secondaryCapture', overlay),
    close: () => pool.destroy(),
  };
}
