import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { EmbeddedPostgres } from '../database/embeddedPostgres.js';
import { lastOneHere } from '../database/embeddedPresence.js';
import { MrimasterError } from '../errors/errors.js';
import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';
import { examineSchema } from './schema.js';

/**
 * Examines the embedded database of `dataDir`, and starts it for that where it does not run. Where there is none yet, a
 * database in a temporary folder shows that PostgreSQL runs on this machine.
 */
export async function examineEmbedded(dataDir: string): Promise<CheckOutcome> {
  const postgres = new EmbeddedPostgres(dataDir);
  try {
    postgres.refuseLongPath();
    if (!(await stat(postgres.cluster).catch(() => undefined))) return await tryElsewhere(dataDir);
    return await visit(postgres, async (client) => {
      const server = await serverHere(client);
      const name = server ? `The embedded database, in use by the server (process ${server})` : 'The embedded database';
      return examineSchema(client, name);
    });
  } catch (error) {
    if (!(error instanceof MrimasterError)) throw error;
    return failed(
      error.code,
      error.message,
      'See to what the message names in DATA_DIR; run doctor as the account that runs MRIMaster.',
    );
  }
}

async function tryElsewhere(dataDir: string): Promise<CheckOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'mrimaster-doctor-'));
  try {
    const postgres = new EmbeddedPostgres(folder);
    return await visit(postgres, async () => ok(`PostgreSQL starts here; the first start makes one in ${dataDir}.`));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Uses the server as any other process does: nobody stops it meanwhile, and the last one to leave stops it. */
async function visit(
  postgres: EmbeddedPostgres,
  run: (client: Client) => Promise<CheckOutcome>,
): Promise<CheckOutcome> {
  const client = await postgres.connect(`mrimaster:tool:${process.pid}`);
  try {
    await client.query('SELECT pg_advisory_lock_shared($1)', [ADVISORY_LOCKS.presence]);
    await client.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY');
    return await run(client);
  } finally {
    if (await lastOneHere(client)) await postgres.stop();
    await client.end().catch(() => {}); // the server has gone, and the connection with it
  }
}

/** Number of the process that serves this DATA_DIR now; undefined where none does. */
async function serverHere(client: Client): Promise<string | undefined> {
  const { rows } = await client.query(
    `SELECT split_part(application_name, ':', 3) AS pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objid = $1`,
    [ADVISORY_LOCKS.server],
  );
  return rows[0]?.pid;
}
