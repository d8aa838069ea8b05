import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DatabaseNotUsable } from '../errors/errors.js';
import type { Log } from '../output/log.js';
import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import type { EmbeddedPostgres } from './embeddedPostgres.js';
import { isPassing } from './isPassing.js';

const RETRY_SERVER_LOCK_MS = 3_000;
/** How long we try to enter while others stop the server, or it recovers from a crash. */
const ENTER_MS = 60_000;

/** A server owns its DATA_DIR; any number of tools (import, explain ...) may work beside it. */
export type DatabaseRole = 'server' | 'tool';

/**
 * This process as a user of the embedded server, by a connection that holds a lock: the last one to leave stops the
 * server. A server that dies while it is watched is started again; the queue retries what failed meanwhile.
 */
export class EmbeddedPresence {
  private client: Client | undefined;
  private entering: Promise<void> | undefined;
  private isLeaving = false;

  constructor(
    private readonly postgres: EmbeddedPostgres,
    private readonly dataDir: string,
    private readonly role: DatabaseRole,
    private readonly log: Log,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /**
   * Starts the server where needed, and stays.
   * @returns the connection that holds the lock.
   * @throws DatabaseNotUsable when it does not start, or another server uses DATA_DIR.
   */
  async enter(): Promise<Client> {
    this.client = await this.connect();
    return this.client;
  }

  /** From now on a server that dies is started again. */
  watch(): void {
    this.client?.once('end', () => {
      if (this.isLeaving) return;
      this.log.warn('The embedded database stopped unexpectedly; starting it again.');
      this.entering = this.enter().then(
        () => {
          this.watch();
          this.log.info('The embedded database runs again.');
        },
        (error) => this.log.error({ err: error }, 'The embedded database does not start again.'),
      );
    });
  }

  /** A server that dies from now on stays so. Waits for one that is just being started again. */
  async stopWatching(): Promise<void> {
    this.isLeaving = true;
    await this.entering;
  }

  /** Leaves the server, and stops it where no other process uses it. */
  async leave(): Promise<void> {
    if (!this.client) return;
    if (await lastOneHere(this.client)) await this.postgres.stop();
    await this.client.end().catch(() => {}); // the server may have closed the connection
  }

  private async connect(): Promise<Client> {
    for (const deadline = Date.now() + ENTER_MS; ; ) {
      const client = await this.postgres.connect(`mrimaster:${this.role}:${process.pid}`, this.signal);
      try {
        await client.query('SELECT pg_advisory_lock_shared($1)', [ADVISORY_LOCKS.presence]);
        await this.postgres.admitOwner(client);
        if (this.role === 'server') await lockServer(client, this.dataDir);
        return client;
      } catch (error) {
        await client.end().catch(() => {});
        if (error instanceof DatabaseNotUsable) throw error;
        const { code, message } = error as NodeJS.ErrnoException;
        if (!isPassing(code) || Date.now() > deadline)
          throw new DatabaseNotUsable(
            `The embedded database answered: ${message}. See ${join(this.dataDir, 'postgres.log')}; restore a backup of DATA_DIR where it is damaged.`,
          );
        await sleep(100, undefined, { signal: this.signal }); // its last user was just stopping the server
      }
    }
  }
}

/**
 * Gives up our presence. @returns whether no other process uses the server; then none can enter until it is stopped.
 */
export async function lastOneHere(presence: Client): Promise<boolean> {
  try {
    await presence.query('SELECT pg_advisory_unlock_shared($1)', [ADVISORY_LOCKS.presence]);
    const { rows } = await presence.query('SELECT pg_try_advisory_lock($1) AS alone', [ADVISORY_LOCKS.presence]);
    return rows[0].alone;
  } catch {
    return false; // it is not running
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
