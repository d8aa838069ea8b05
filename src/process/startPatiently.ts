import { setTimeout as sleep } from 'node:timers/promises';
import { asKnown } from '../errors/asKnown.js';
import type { Log } from '../output/log.js';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 2_000;

/**
 * Calls `start` until it succeeds, for a minute, while the reason of its failure may pass: the database may be starting
 * as well, or the machine may be busy.
 * @throws the last failure, which says what to do.
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
