import type { Log } from '../output/log.js';
import type { StopSignal } from './stopSignal.js';

/** EX_SOFTWARE of sysexits.h: a supervisor takes it for a failure, and starts the process again. */
const EXIT_CODE = 70;
/** As long as systemd waits by default for what is asked to stop, less some. */
const ENDS_WITHIN_MS = 60_000;

/**
 * From now on an exception that nobody caught ends the process in order, as a signal does, but with exit code 70. What it
 * interrupted is not known, so nothing may be built upon what is in memory; what is durable is not concerned.
 */
export function endOnUnforeseen(log: Log, stop: StopSignal): void {
  process.on('uncaughtException', (error) => {
    log.fatal(
      { err: error },
      'An error that nobody foresaw: this process takes no more work, finishes what it has begun, and ends with exit code 70, for its supervisor to start it again. Nothing that was acknowledged is lost. Please report the error.',
    );
    process.exitCode = EXIT_CODE;
    if (stop.signal.aborted) return;
    stop.ask();
    setTimeout(() => process.exit(EXIT_CODE), ENDS_WITHIN_MS).unref();
  });
}
