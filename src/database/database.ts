import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, type ClientConfig } from 'pg';
import type { Config } from '../config/config.js';
import { DatabaseNotThere, DatabaseNotUsable } from '../errors/errors.js';
import { PrismaClient } from '../generated/prisma/client.js';
import type { Log } from '../output/log.js';
import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import { applyMigrations } from './applyMigrations.js';
import { EmbeddedPostgres } from './embeddedPostgres.js';
import { isPassing } from './isPassing.js';
import { CONNECTION_LIMITS, TRANSACTION_LIMITS } from './limits.js';
import { watchfulClients } from './watchfulClient.js';

export const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

const RETRY_SERVER_LOCK_MS = 3_000;
/** How long it is tried to enter the embedded database while others stop it, or it restores itself after a crash. */
const ENTER_MS = 60_000;

/** A server owns its DATA_DIR; any number of tools (import, explain ...) may work beside it. */
export type DatabaseRole = 'server' | 'tool';

export type Database = {
  prisma: PrismaClient;
  /** For those who speak to PostgreSQL without Prisma: the queue, who hears of changes. */
  connection: ClientConfig & { Client: typeof Client };
  /** For people: which database this is, without credentials. */
  description: string;
  close(): Promise<void>;
};

/**
 * Opens the database of `config.databaseUrl`, or the embedded one in DATA_DIR, and migrates it.
 * @param signal ends the wait for a database that does not start.
 * @throws DatabaseNotThere when it may be there in a moment; DatabaseNotUsable when it cannot be opened, when another
 *   server uses the same DATA_DIR, or when its history is not ours.
 */
export async function openDatabase(
  config: Config,
  role: DatabaseRole,
  log: Log,
  signal?: AbortSignal,
): Promise<Database> {
  return config.databaseUrl ? openTheirs(config.databaseUrl) : openEmbedded(config.dataDir, role, log, signal);
}

async function openTheirs(url: string): Promise<Database> {
  const { Client, ...connection } = limited({ connectionString: url });
  // Without a limit to a statement: a migration may take its time, and others wait for it.
  const client = new Client({ ...connection, statement_timeout: 0, application_name: 'mrimaster:migrate' });
  client.on('error', () => {}); // what is asked next reports it
  try {
    await client.connect();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const Failure = isPassing(code) ? DatabaseNotThere : DatabaseNotUsable;
    throw new Failure(
      `The database of DATABASE_URL does not answer: ${message || code}. Check host, port, user and password, or leave DATABASE_URL out to use the embedded database.`,
    );
  }
  try {
    await applyMigrations(client, MIGRATIONS);
  } finally {
    await client.end();
  }
  const prisma = openPrisma({ ...connection, Client });
  const { hostname, pathname } = new URL(url);
  return {
    prisma,
    connection: { ...connection, Client },
    description: `PostgreSQL${pathname} on ${hostname || 'a socket'}`,
    close: () => prisma.$disconnect(),
  };
}

async function openEmbedded(
  dataDir: string,
  role: DatabaseRole,
  log: Log,
  signal: AbortSignal | undefined,
): Promise<Database> {
  const postgres = new EmbeddedPostgres(join(dataDir, 'postgres'), join(dataDir, 'postgres.log'));
  let closing = false;
  let entering: Promise<void> | undefined;
  let presence = await enter();
  try {
    await applyMigrations(presence, MIGRATIONS);
  } catch (error) {
    await leave();
    throw error;
  }
  watch();
  const connection = limited(postgres.connection);
  const prisma = openPrisma(connection);
  return {
    prisma,
    connection,
    description: `embedded PostgreSQL in ${join(dataDir, 'postgres')}`,
    close: async () => {
      closing = true;
      await entering;
      await prisma.$disconnect();
      await leave();
    },
  };

  async function leave(): Promise<void> {
    if (await lastOneHere(presence)) await postgres.stop();
    await presence.end().catch(() => {}); // the server has gone, and the connection with it
  }

  async function enter(): Promise<Client> {
    for (const deadline = Date.now() + ENTER_MS; ; ) {
      const client = await postgres.connect(`mrimaster:${role}:${process.pid}`, signal);
      try {
        await client.query('SELECT pg_advisory_lock_shared($1)', [ADVISORY_LOCKS.presence]);
        await postgres.admitOwner(client);
        if (role === 'server') await lockServer(client, dataDir);
        return client;
      } catch (error) {
        await client.end().catch(() => {});
        if (error instanceof DatabaseNotUsable) throw error;
        const { code, message } = error as NodeJS.ErrnoException;
        if (!isPassing(code) || Date.now() > deadline)
          throw new DatabaseNotUsable(
            `The embedded database answered: ${message}. See ${join(dataDir, 'postgres.log')}; restore a backup of DATA_DIR where it is damaged.`,
          );
        await sleep(100, undefined, { signal }); // the last user was just stopping the server: start it again
      }
    }
  }

  /** A server that dies under us is started again; what failed meanwhile is retried by the queue. */
  function watch(): void {
    presence.once('end', () => {
      if (closing) return;
      log.warn('The embedded database stopped unexpectedly; starting it again.');
      entering = enter().then(
        (client) => {
          presence = client;
          watch();
          log.info('The embedded database runs again.');
        },
        (error) => log.error({ err: error }, 'The embedded database does not start again.'),
      );
    });
  }
}

async function lockServer(client: Client, dataDir: string): Promise<void> {
  // A server that was killed a moment ago holds its lock until PostgreSQL notices.
  for (const deadline = performance.now() + RETRY_SERVER_LOCK_MS; ; await sleep(100)) {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS locked', [ADVISORY_LOCKS.server]);
    if (rows[0].locked) return;
    if (performance.now() > deadline) break;
  }
  const { rows } = await client.query(
    `SELECT split_part(application_name, ':', 3) AS pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objid = $1`,
    [ADVISORY_LOCKS.server],
  );
  throw new DatabaseNotUsable(
    `Another MRIMaster server${rows[0] ? ` (process ${rows[0].pid})` : ''} is using ${dataDir}. Stop it first, or give this one another DATA_DIR and PORT.`,
  );
}

/** Whether no other process uses the server. If so, none can enter any more. */
export async function lastOneHere(presence: Client): Promise<boolean> {
  try {
    await presence.query('SELECT pg_advisory_unlock_shared($1)', [ADVISORY_LOCKS.presence]);
    const { rows } = await presence.query('SELECT pg_try_advisory_lock($1) AS alone', [ADVISORY_LOCKS.presence]);
    return rows[0].alone;
  } catch {
    return false; // it is not running
  }
}

/** A connection's limits, and clients that keep to them. */
function limited(connection: ClientConfig): Database['connection'] {
  const config = { ...connection, ...CONNECTION_LIMITS };
  return { ...config, Client: watchfulClients(config) };
}

function openPrisma(connection: Database['connection']): PrismaClient {
  const adapter = new PrismaPg({ ...connection, application_name: 'mrimaster', max: 10 });
  return new PrismaClient({ adapter, transactionOptions: TRANSACTION_LIMITS });
}
