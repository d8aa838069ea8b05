import type { Log } from '../output/log.js';
import type { StopSignal } from './stopSignal.js';

/** EX_SOFTWARE of sysexits.h. A supervisor takes it for a failure, and starts the process again. */
const EXIT_CODE = 70;
/** How long work in progress may take to finish. systemd waits 90 seconds by default. */
const ENDS_WITHIN_MS = 60_000;

/**
 * From now on an uncaught exception ends the process in order, as a signal does, but with exit code 70. It is unknown
 * what the exception interrupted, so what is in memory cannot be trusted. Stored data is not affected.
 */
export function endOnUnforeseen(log: Log, stop: StopSignal): void {
  process.on('uncaughtException', (error) => {
    log.fatal(
      { err: error },
      'An unforeseen error: this process takes no more work, finishes what it has begun, and ends with exit code 70, for its supervisor to start it again. Nothing that was acknowledged is lost. Please report the error.',
    );
    process.exitCode = EXIT_CODE;
    if (stop.signal.aborted) return;
    stop.ask();
    setTimeout(() => process.exit(EXIT_CODE), ENDS_WITHIN_MS).unref();
  });
}
