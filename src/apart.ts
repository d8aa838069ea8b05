import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { UndecodablePixels } from './errors.js';
import type { GrayscaleImage } from './inference/image.js';
import type { Report } from './pacs/report/report.js';
import type { Overlay } from './pacs/report/writeSecondaryCapture.js';
import { answerOf, type Outcome } from './threads.js';

/** What computes for so long that callers would notice, in a thread of its own, which is there only while it is needed. */
export type Apart = {
  /** @throws as readPicture, and UndecodablePixels where it takes too long or too much memory. */
  readPicture(bytes: Uint8Array): Promise<GrayscaleImage>;
  writeStructuredReport(report: Report): Promise<Uint8Array>;
  writeSecondaryCapture(overlay: Overlay): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** Ten times what the largest picture takes. */
const PICTURE_MS = 20_000;
const MEMORY_MB = 512;
const IDLE_MS = 60_000;

export function openApart(): Apart {
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./apartWorker.js', import.meta.url)),
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    recordTiming: false,
  });
  const run = async <Result>(name: string, task: unknown, signal?: AbortSignal): Promise<Result> =>
    answerOf<Result>((await pool.run(task, { name, ...(signal && { signal }) })) as Outcome<Result>);
  return {
    readPicture: async (bytes) => {
      const signal = AbortSignal.timeout(PICTURE_MS);
      try {
        return await run<GrayscaleImage>('picture', bytes, signal);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (!signal.aborted && code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
        throw new UndecodablePixels('The picture took too long or too much memory to decode. Send a smaller one.');
      }
    },
    writeStructuredReport: (report) => run('structuredReport', report),
    writeSecondaryCapture: (overlay) => run('secondaryCapture', overlay),
    close: () => pool.destroy(),
  };
}
