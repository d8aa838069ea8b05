import { readConfig } from './config.js';
import { type Context, openContext } from './context.js';
import { INTENDED_USE } from './intendedUse.js';
import { createLog } from './log.js';
import { type HttpServer, startServer } from './server.js';
import { studyHandlers } from './studyJobs.js';

export type Running = { context: Context; server: HttpServer; close(): Promise<void> };

/** Starts the whole server: database, model, queue, HTTP; in order, and closes in reverse. */
export async function start(config = readConfig(), log = createLog(config.logLevel)): Promise<Running> {
  const context = await openContext(config, 'server', log);
  try {
    const server = await startServer(context);
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
  const running = await start(config, log);
  const closed = closeOnSignal(running.close, log);
  const { context, server } = running;
  const { name, version } = context.model;
  log.info(`MRIMaster serves GraphQL at ${server.url}/graphql. ${INTENDED_USE}.`);
  log.info(`Model ${name} ${version} on ${context.classifier.provider}; ${context.database.description}.`);
  for (const note of context.classifier.notes) log.info(`Not used – ${note}`);
  log.info(context.pacs ? `Archive: ${new URL(config.pacsUrl as string).origin}` : 'No archive: PACS_URL is not set.');
  await closed;
}

/**
 * Closes on Ctrl-C or SIGTERM and resolves then. A second signal ends the process at once; durable work survives
 * that, too.
 */
export function closeOnSignal(close: () => Promise<void>, log: Context['log']): Promise<undefined> {
  return new Promise((resolve, reject) => {
    let closing = false;
    const stop = (signal: NodeJS.Signals) => {
      if (closing) process.exit(130);
      closing = true;
      log.info(`${signal}: finishing the work at hand, then closing.`);
      process.exitCode = signal === 'SIGINT' ? 130 : 143;
      close().then(() => resolve(undefined), reject);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
