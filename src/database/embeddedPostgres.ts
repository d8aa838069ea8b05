import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { DatabaseNotThere, DatabaseNotUsable } from '../errors/errors.js';
import { admitOwner } from './admitOwner.js';
import { isPassing } from './isPassing.js';
import { isRoot, locatePostgres } from './postgresBinaries.js';
import { clearStaleLocks, serverOf } from './serverProcess.js';
import { endOf, startFailure } from './startFailure.js';

const MAJOR_VERSION = '18';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const CONNECT_MS = 8_000;
/** How often a server that ends at once is started again: one that was just killed may still be in its way. */
const MOST_STARTS = 4;
const PAUSE_MS = 250;
/**
 * How long a server that is just starting may take to come up when we are asked to end, so that it can be stopped in
 * order.
 */
const GRACE_MS = 5_000;
/** The account "nobody", which exists almost everywhere. */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 };

/** The folder of the embedded database in DATA_DIR. */
export function clusterOf(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/**
 * PostgreSQL in `cluster`, a folder that holds nothing else. It listens on a Unix socket inside that folder (mode
 * 0700) and on no network port. It outlives a killed MRIMaster: the next one finds it running and uses it.
 */
export class EmbeddedPostgres {
  readonly cluster: string;
  private readonly logFile: string;

  constructor(dataDir: string) {
    this.cluster = clusterOf(dataDir);
    this.logFile = join(dataDir, 'postgres.log');
  }

  /** How `pg` and Prisma connect to the server. */
  get connection(): ClientConfig {
    return { host: this.cluster, user: 'mrimaster', database: 'postgres' };
  }

  /**
   * A connection to the running server; creates the cluster and starts the server first where needed.
   * @param signal when aborted, no longer waits for a server that does not come up.
   * @throws DatabaseNotUsable when it does not start, saying why; DatabaseNotThere when it takes too long.
   */
  async connect(applicationName: string, signal?: AbortSignal): Promise<Client> {
    this.refuseLongPath();
    await this.createCluster();
    const began = Date.now();
    const logged = await endOf(this.logFile);
    let starting = false;
    let failedStarts = 0;
    let startError: Error | undefined;
    for (let leaveAt = began + START_TIMEOUT_MS; ; await sleep(50)) {
      const client = new Client({
        ...this.connection,
        application_name: applicationName,
        connectionTimeoutMillis: CONNECT_MS,
      });
      client.on('error', () => {}); // a lost connection also emits 'end', which the caller hears
      const failure = await client.connect().then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error,
      );
      if (!failure) return client;
      const notRunning = failure.code === 'ECONNREFUSED' || failure.code === 'ENOENT';
      if (!notRunning && !isPassing(failure.code))
        throw new DatabaseNotUsable(`PostgreSQL in ${this.cluster} answered: ${failure.message}.`);
      if (startError) throw startError;
      if (failedStarts >= MOST_STARTS) throw await startFailure(this.cluster, this.logFile, logged);
      if (signal?.aborted) leaveAt = Math.min(leaveAt, Date.now() + GRACE_MS);
      if (Date.now() > leaveAt) {
        if (signal?.aborted) await this.stop();
        signal?.throwIfAborted();
        throw new DatabaseNotThere(
          `PostgreSQL in ${this.cluster} does not answer since ${Math.round((Date.now() - began) / 1000)} s. Its log ${this.logFile} says what it does.`,
        );
      }
      if (!notRunning || starting || (await serverOf(this.cluster))) continue;
      await clearStaleLocks(this.cluster);
      starting = true;
      this.spawnServer()
        .then(async () => {
          if (await serverOf(this.cluster)) return; // another process's server won the start
          failedStarts++;
          await sleep(PAUSE_MS);
        })
        .catch((error) => {
          startError = error;
        })
        .finally(() => {
          starting = false;
        });
    }
  }

  /** Lets only our own account connect, in clusters of earlier versions, too. */
  async admitOwner(client: Client): Promise<void> {
    if (await admitOwner(this.cluster)) await client.query('SELECT pg_reload_conf()');
  }

  /** Ends the server, whichever process started it. Connected clients are cut off; nothing committed is lost. */
  async stop(): Promise<void> {
    const pid = await serverOf(this.cluster);
    if (!pid) return;
    process.kill(pid, 'SIGINT'); // "fast" shutdown
    for (const deadline = Date.now() + STOP_TIMEOUT_MS; Date.now() < deadline; await sleep(20)) {
      if ((await serverOf(this.cluster)) !== pid) return;
    }
  }

  /** @throws DatabaseNotUsable where the path of its socket would be too long for the operating system. */
  refuseLongPath(): void {
    const socket = join(this.cluster, '.s.PGSQL.5432');
    // sun_path of sockaddr_un holds 108 bytes on Linux and 104 on macOS, its final zero included.
    if (Buffer.byteLength(socket) > (process.platform === 'linux' ? 107 : 103))
      throw new DatabaseNotUsable(
        `DATA_DIR is too long a path for the database's socket (${socket}). Choose a shorter DATA_DIR.`,
      );
  }

  /**
   * Creates the cluster beside its place and renames it, so that an interrupted or a doubled start leaves no half a
   * cluster.
   */
  private async createCluster(): Promise<void> {
    const version = await readFile(join(this.cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
    if (version?.trim() === MAJOR_VERSION) return;
    if (version)
      throw new DatabaseNotUsable(
        `${this.cluster} was made by PostgreSQL ${version.trim()}; this is ${MAJOR_VERSION}. Use the MRIMaster that made it, or another DATA_DIR.`,
      );
    const there = await readdir(this.cluster).catch(() => []);
    if (there.length > 0)
      throw new DatabaseNotUsable(
        `${this.cluster} holds files, but is no database: its file PG_VERSION is ${version === undefined ? 'missing' : 'empty'}. Restore a backup of DATA_DIR; or move this folder away: the next start makes an empty database.`,
      );
    await mkdir(dirname(this.cluster), { recursive: true, mode: 0o700 });
    await removeAbandoned(this.cluster);
    const fresh = `${this.cluster}.new-${process.pid}`;
    await mkdir(fresh, { mode: 0o700 });
    if (isRoot()) await chown(fresh, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
    const arguments_ = ['--username=mrimaster', '--auth=trust', '--encoding=UTF8', '--locale=C'];
    const logged = await endOf(this.logFile);
    const code = await this.run('initdb', fresh, arguments_);
    if (code !== 0) {
      await rm(fresh, { recursive: true, force: true });
      throw await startFailure(this.cluster, this.logFile, logged);
    }
    await admitOwner(fresh);
    await rename(fresh, this.cluster).catch(() => rm(fresh, { recursive: true, force: true }));
  }

  private spawnServer(): Promise<number | null> {
    const settings = {
      listen_addresses: '',
      unix_socket_directories: '.', // relative to the cluster, where the server lives
      unix_socket_permissions: '0700',
      max_connections: '60',
      log_min_error_statement: 'panic', // statements may hold patient data
      log_parameter_max_length_on_error: '0',
    };
    const arguments_ = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return this.run('postgres', this.cluster, arguments_);
  }

  /** @returns the exit code, once the program ends. */
  private async run(program: 'initdb' | 'postgres', cluster: string, arguments_: string[]): Promise<number | null> {
    const postgres = await locatePostgres();
    const log = openSync(this.logFile, 'a', 0o600);
    try {
      const account = isRoot() ? await clusterAccount(cluster) : {};
      // Root may keep the cluster below folders that the account may not enter. The process changes to the folder
      // before it drops its rights, and /proc names the folder without its path.
      const folder = isRoot() && process.platform === 'linux' ? '/proc/self/cwd' : cluster;
      const child = spawn(join(postgres, 'bin', program), ['-D', folder, ...arguments_], {
        cwd: cluster,
        ...account,
        env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
        stdio: ['ignore', log, log],
        detached: true, // Ctrl-C in the terminal is for MRIMaster, which stops the server when it is done
      });
      if (program === 'postgres') child.unref(); // the server may outlive us, initdb must not
      return await new Promise((resolve) => child.once('exit', resolve).once('error', () => resolve(1)));
    } finally {
      closeSync(log);
    }
  }
}

/** The account that owns the cluster; "nobody" for a new one. */
async function clusterAccount(cluster: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await stat(cluster);
  return uid === 0 ? UNPRIVILEGED : { uid, gid };
}

/** Removes the unfinished clusters of processes that have ended. */
async function removeAbandoned(cluster: string): Promise<void> {
  const prefix = `${basename(cluster)}.new-`;
  for (const name of await readdir(dirname(cluster))) {
    if (!name.startsWith(prefix)) continue;
    try {
      process.kill(Number(name.slice(prefix.length)), 0);
    } catch {
      await rm(join(dirname(cluster), name), { recursive: true, force: true });
    }
  }
}
