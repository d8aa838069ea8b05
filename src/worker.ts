import { readConfig } from './config.js';
import { openContext } from './context.js';
import { createLog } from './log.js';
import { awaitStopSignal } from './stopSignal.js';
import { workOffQueue } from './workOffQueue.js';

/**
 * `mrimaster worker`: works off the queue beside a server, on the same database and DATA_DIR; as many as there are cores
 * for. Ended, it finishes the work at hand; killed, its study goes to another one.
 */
export async function work(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stop = awaitStopSignal(log);
  const context = await openContext(config, 'tool', log);
  try {
    await workOffQueue(context);
    const { name, version } = context.model;
    log.info(
      `This worker classifies with ${name} ${version} on ${context.classifier.provider}; ${context.database.description}.`,
    );
    await stop.received;
  } finally {
    await context.close();
  }
}
