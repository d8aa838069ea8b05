import { Interrupted } from '../errors/errors.js';
import type { Log } from '../output/log.js';
import { endNow } from './endNow.js';

/** `ask`: the same from within, without a word in the log; `process.exitCode` is the asker's to set. */
export type StopSignal = { signal: AbortSignal; received: Promise<void>; ask(): void };

/**
 * Ctrl-C and SIGTERM as something to wait for, from now on. A second one ends the process at once; durable work
 * survives that, too.
 * @param log who tells of it; by default nobody.
 */
export function awaitStopSignal(log?: Log): StopSignal {
  const controller = new AbortController();
  let ask = () => {};
  const received = new Promise<void>((resolve) => {
    ask = () => {
      controller.abort(new Interrupted('Stopped.'));
      resolve();
    };
    const stop = (signal: NodeJS.Signals) => {
      const code = signal === 'SIGINT' ? 130 : 143; // as shells have it: 128 and the signal's number
      if (controller.signal.aborted) return endNow(signal);
      process.exitCode = code;
      log?.info(`${signal}: finishing the work at hand, then closing.`);
      ask();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
  return { signal: controller.signal, received, ask };
}
