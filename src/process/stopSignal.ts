import { Interrupted } from '../errors/errors.js';
import type { Log } from '../output/log.js';
import { endNow } from './endNow.js';

/**
 * The request to stop. `signal` aborts and `received` resolves when it comes. `ask` makes the request from inside the
 * process: it logs nothing, and the caller sets `process.exitCode`.
 */
export type StopSignal = { signal: AbortSignal; received: Promise<void>; ask(): void };

/**
 * Listens for Ctrl-C and SIGTERM from now on. A second one ends the process at once, which durable work survives, too.
 * @param log where the request is logged; by default nowhere.
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
      const code = signal === 'SIGINT' ? 130 : 143; // as in shells: 128 plus the signal's number
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
