import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, type ClientConfig } from 'pg';
import type { Config } from '../config/config.js';
import { DatabaseNotThere, DatabaseNotUsable } from '../errors/errors.js';
import { PrismaClient } from '../generated/prisma/client.js';
import type { Log } from '../output/log.js';
import { applyMigrations } from './applyMigrations.js';
import { EmbeddedPostgres } from './embeddedPostgres.js';
import { type DatabaseRole, EmbeddedPresence } from './embeddedPresence.js';
import { isPassing } from './isPassing.js';
import { CONNECTION_LIMITS, TRANSACTION_LIMITS } from './limits.js';
import { watchfulClients } from './watchfulClient.js';

/** The folder of our migrations. */
export const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** An open database. */
export type Database = {
  prisma: PrismaClient;
  /** For parts that use PostgreSQL without Prisma: the queue, and the listener for changes. */
  connection: ClientConfig & { Client: typeof Client };
  /** Says to people which database this is, without credentials. */
  description: string;
  close(): Promise<void>;
};

/**
 * Opens the database of `config.databaseUrl`, or the embedded one in DATA_DIR, and migrates it.
 * @param signal ends the wait for a database that does not start.
 * @throws DatabaseNotThere when it may be there in a moment; DatabaseNotUsable when it cannot be opened, when another
 *   server uses the same DATA_DIR, or when its history differs from our migrations.
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
  // Statements have no limit here: a migration may take long, and other processes wait for it.
  const client = new Client({ ...connection, statement_timeout: 0, application_name: 'mrimaster:migrate' });
  client.on('error', () => {}); // the next query reports it
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
  const postgres = new EmbeddedPostgres(dataDir);
  const presence = new EmbeddedPresence(postgres, dataDir, role, log, signal);
  const client = await presence.enter();
  try {
    await applyMigrations(client, MIGRATIONS);
  } catch (error) {
    await presence.leave();
    throw error;
  }
  presence.watch();
  const connection = limited(postgres.connection);
  const prisma = openPrisma(connection);
  return {
    prisma,
    connection,
    description: `embedded PostgreSQL in ${postgres.cluster}`,
    close: async () => {
      await presence.stopWatching();
      await prisma.$disconnect();
      await presence.leave();
    },
  };
}

/** Adds limits to a connection, and clients that keep to them. */
function limited(connection: ClientConfig): Database['connection'] {
  const config = { ...connection, ...CONNECTION_LIMITS };
  return { ...config, Client: watchfulClients(config) };
}

function openPrisma(connection: Database['connection']): PrismaClient {
  const adapter = new PrismaPg({ ...connection, application_name: 'mrimaster', max: 10 });
  return new PrismaClient({ adapter, transactionOptions: TRANSACTION_LIMITS });
}
