import { setTimeout as sleep } from 'node:timers/promises';
import { asKnown } from '../errors/asKnown.js';
import type { Log } from '../output/log.js';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 2_000;

/**
 * Starts again what failed for a reason that may pass, for a minute: a database that is starting as well, or a machine
 * that is busy, needs nobody to look after it.
 * @throws what failed the last time, as a failure that says what to do.
 */
export async function startPatiently<Started>(
  start: () => Promise<Started>,
  log: Log,
  signal: AbortSignal,
): Promise<Started> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await start();
    } catch (error) {
      signal.throwIfAborted();
      const known = asKnown(error);
      if (!known?.retryable) throw error;
      if (performance.now() > deadline) throw known;
      log.warn({ code: known.code }, `Not started: ${known.message} It is tried again for a minute in all.`);
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }
}
