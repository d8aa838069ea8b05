import { readConfig } from './config/config.js';
import { unknownSettings } from './config/unknownSettings.js';
import type { HttpServer } from './http/server.js';
import { startProbes } from './http/startProbes.js';
import { watchTimers } from './intake/mendTimers.js';
import { openContext } from './openContext.js';
import { createLog, tellOfMuted } from './output/log.js';
import { endOnUnforeseen } from './process/endOnUnforeseen.js';
import { startPatiently } from './process/startPatiently.js';
import { awaitStopSignal } from './process/stopSignal.js';
import { workOffQueue } from './workOffQueue.js';

/**
 * `mrimaster worker`: works off the queue beside a server, on the same database and DATA_DIR. There may be as many as
 * there are cores. When it is asked to end, it finishes the work at hand; when it is killed, its study goes to another
 * worker.
 */
export async function work(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stop = awaitStopSignal(log);
  endOnUnforeseen(log, stop);
  tellOfMuted(log);
  for (const unknown of unknownSettings()) log.warn(unknown);
  const open = () => openContext(config, 'tool', log, stop.signal);
  const context = await startPatiently(open, log, stop.signal).catch((error) => {
    if (stop.signal.aborted) return undefined;
    throw error;
  });
  if (!context) return;
  const timers = watchTimers(context);
  let probes: HttpServer | undefined;
  try {
    probes = await startProbes(context);
    await context.models.followServer();
    await workOffQueue(context);
    context.readiness.phase = 'RUNNING';
    const { name, version } = context.models.active.model;
    log.info(
      `This worker classifies with ${name} ${version} on ${context.models.active.classifier.provider}; ${context.database.description}.`,
    );
    if (probes) log.info(`Health and metrics of this worker: ${probes.url}/metrics`);
    await stop.received;
    context.readiness.phase = 'STOPPING';
  } finally {
    await timers.close();
    await context.close();
    await probes?.close();
  }
}
