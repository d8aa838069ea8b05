import { INTENDED_USE } from './about.js';
import { readConfig } from './config/config.js';
import { unknownSettings } from './config/unknownSettings.js';
import { type Context } from './context.js';
import { type HttpServer, startServer } from './http/server.js';
import { authenticates } from './identity/authenticate.js';
import { watchTimers } from './intake/mendTimers.js';
import { startDicom } from './intake/startDicom.js';
import { watchArchives } from './intake/watchArchives.js';
import { watchArrivals } from './intake/watchArrivals.js';
import { resumeAbandoned } from './jobs/enqueueStudy.js';
import { openContext } from './openContext.js';
import { counted, isOrAre } from './output/counted.js';
import { createLog, tellOfMuted } from './output/log.js';
import { endOnUnforeseen } from './process/endOnUnforeseen.js';
import { startPatiently } from './process/startPatiently.js';
import type { StopSignal } from './process/stopSignal.js';
import { workOffQueue } from './workOffQueue.js';

/** `dicomPort`: null where DICOM_PORT is off. */
export type Running = { context: Context; server: HttpServer; dicomPort: number | null; close(): Promise<void> };

/** Starts the whole server in order: database, model, queue, HTTP, DICOM. `close` ends it in reverse. */
export async function start(
  config = readConfig(),
  log = createLog(config.logLevel),
  signal?: AbortSignal,
): Promise<Running> {
  const context = await openContext(config, 'server', log, signal);
  const opened = [context.close];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part();
  };
  try {
    const server = await startServer(context);
    opened.push(server.close);
    const dicom = await startDicom(context);
    if (dicom) opened.push(dicom.close);
    opened.push(watchTimers(context).close);
    opened.push(watchArrivals(context).close);
    opened.push(watchArchives(context).close);
    const resumed = await resumeAbandoned(context, 'ALL');
    if (resumed > 0)
      log.info(
        `${counted(resumed, 'study was', 'studies were')} being classified when the process ended, and ${isOrAre(resumed)} queued again.`,
      );
    await workOffQueue(context);
    context.readiness.phase = 'RUNNING';
    // This is closed first, so that probes learn of the end before anything is missing.
    opened.push(async () => {
      context.readiness.phase = 'STOPPING';
    });
    return { context, server, dicomPort: dicom?.port ?? null, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What was started while the rest of the program was still being loaded. */
export type Begun = { database: Promise<void>; stop: StopSignal };

/** `mrimaster serve`, `npm start`: runs until it is asked to stop. */
export async function serve({ database, stop }: Begun): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  endOnUnforeseen(log, stop);
  void stop.received.then(() => log.info('Asked to stop: finishing the work at hand, then closing.'));
  tellOfMuted(log);
  for (const unknown of unknownSettings()) log.warn(unknown);
  await database;
  const running = await startPatiently(() => start(config, log, stop.signal), log, stop.signal).catch((error) => {
    if (stop.signal.aborted) return undefined; // whoever asked it to stop knows why it did not start
    throw error;
  });
  if (!running) return;
  const { context, server, dicomPort, close } = running;
  const { name, version } = context.models.active.model;
  log.info(`MRIMaster serves GraphQL at ${server.url}/graphql. ${INTENDED_USE}.`);
  log.info(
    `Model ${name} ${version} on ${context.models.active.classifier.provider}; ${context.database.description}.`,
  );
  if (!authenticates(config.identity))
    log.warn(
      `Nobody is authenticated: whoever reaches ${config.publicUrl ?? 'this port from this machine'} may see and do everything. docs/authorization.md says how to change that.`,
    );
  for (const note of context.models.active.classifier.notes) log.info(`Not used – ${note}`);
  const { host, aeTitle, allowed, tls } = config.dicom;
  const callers = allowed ? allowed.map((peer) => peer.aeTitle).join(', ') : 'this machine only';
  if (dicomPort !== null)
    log.info(`DICOM${tls ? ' over TLS' : ''}: ${aeTitle} at ${host}:${dicomPort}, for ${callers}.`);
  for (const [name, { address }] of context.archives) log.info(`Archive ${name}: ${address}`);
  if (context.archives.size === 0) log.info('No archive: neither PACS_URL nor PACS_FILE is set.');
  await stop.received;
  await close();
}
