import { readConfig } from './config.js';
import { type Context, openContext } from './context.js';
import { INTENDED_USE } from './intendedUse.js';
import { createLog } from './log.js';
import { type HttpServer, startServer } from './server.js';
import { awaitStopSignal } from './stopSignal.js';
import { resumeAbandoned, studyHandlers } from './studyJobs.js';

export type Running = { context: Context; server: HttpServer; close(): Promise<void> };

/** Starts the whole server: database, model, queue, HTTP; in order, and closes in reverse. */
export async function start(config = readConfig(), log = createLog(config.logLevel)): Promise<Running> {
  const context = await openContext(config, 'server', log);
  try {
    const server = await startServer(context);
    const resumed = await resumeAbandoned(context);
    if (resumed > 0) log.info(`${resumed} studies were being classified when their process ended; they are queued.`);
    await context.queue.work(studyHandlers(context));
    const close = async () => {
      await server.close();
      await context.close();
    };
    return { context, server, close };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** `mrimaster serve`, `npm start`: runs until it is asked to stop. */
export async function serve(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stop = awaitStopSignal(log);
  const { context, server, close } = await start(config, log);
  const { name, version } = context.model;
  log.info(`MRIMaster serves GraphQL at ${server.url}/graphql. ${INTENDED_USE}.`);
  log.info(`Model ${name} ${version} on ${context.classifier.provider}; ${context.database.description}.`);
  for (const note of context.classifier.notes) log.info(`Not used – ${note}`);
  log.info(context.pacs ? `Archive: ${new URL(config.pacsUrl as string).origin}` : 'No archive: PACS_URL is not set.');
  await stop.received;
  await close();
}
