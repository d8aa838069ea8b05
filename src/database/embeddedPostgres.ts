import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { DatabaseNotUsable } from '../errors.js';
import { isRoot, locatePostgres } from './postgresBinaries.js';

const MAJOR_VERSION = '18';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** Of a server that is starting or stopping: class 57 of PostgreSQL's errors, or a connection that was cut, of which pg
 * gives the system's code or none. */
const PASSING = new Set(['57P01', '57P02', '57P03', 'ECONNRESET', 'EPIPE', undefined]);
/** The account "nobody", which exists practically everywhere. */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 };

/**
 * PostgreSQL in `cluster`, a folder that holds nothing else. It listens on a Unix socket inside that folder (mode
 * 0700) and on no network port. It outlives a killed MRIMaster: the next one finds it running and uses it.
 */
export class EmbeddedPostgres {
  constructor(
    private readonly cluster: string,
    private readonly logFile: string,
  ) {}

  /** How `pg` and Prisma reach it. */
  get connection(): ClientConfig {
    return { host: this.cluster, user: 'mrimaster', database: 'postgres' };
  }

  /**
   * A connection to the running server; creates the cluster and starts the server first where needed.
   * @throws DatabaseNotUsable with the end of PostgreSQL's own log when it does not start.
   */
  async connect(applicationName: string): Promise<Client> {
    this.refuseLongPath();
    await this.createCluster();
    const deadline = Date.now() + START_TIMEOUT_MS;
    let starting = false;
    let startError: Error | undefined;
    for (;;) {
      const client = new Client({ ...this.connection, application_name: applicationName });
      client.on('error', () => {}); // the caller learns of a lost connection from its 'end'
      const failure = await client.connect().then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error,
      );
      if (!failure) return client;
      const notRunning = failure.code === 'ECONNREFUSED' || failure.code === 'ENOENT';
      if (!notRunning && !PASSING.has(failure.code))
        throw new DatabaseNotUsable(`PostgreSQL in ${this.cluster} answered: ${failure.message}.`);
      if (startError) throw startError;
      if (Date.now() > deadline) throw await this.startFailure();
      if (notRunning && !starting) {
        await this.clearStalePid();
        starting = true;
        this.spawnServer().then(
          () => {
            starting = false; // it ended: perhaps another process's server won the start; look again
          },
          (error) => {
            startError = error;
          },
        );
      }
      await sleep(50);
    }
  }

  /** Ends the server, whichever process started it. Connected clients are cut off; nothing committed is lost. */
  async stop(): Promise<void> {
    const pid = await this.serverPid();
    if (!pid || !(await isPostgres(pid))) return;
    process.kill(pid, 'SIGINT'); // "fast" shutdown
    for (const deadline = Date.now() + STOP_TIMEOUT_MS; Date.now() < deadline; await sleep(20)) {
      if (!(await isPostgres(pid))) return;
    }
  }

  /** @throws DatabaseNotUsable */
  refuseLongPath(): void {
    const socket = join(this.cluster, '.s.PGSQL.5432');
    // sun_path of sockaddr_un holds 108 bytes on Linux and 104 on macOS, its final zero included.
    if (Buffer.byteLength(socket) > (process.platform === 'linux' ? 107 : 103))
      throw new DatabaseNotUsable(
        `DATA_DIR is too long a path for the database's socket (${socket}). Choose a shorter DATA_DIR.`,
      );
  }

  /** Built beside its place and renamed into it: an interrupted or a doubled start leaves no half a cluster. */
  private async createCluster(): Promise<void> {
    const version = await readFile(join(this.cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
    if (version?.trim() === MAJOR_VERSION) return;
    if (version)
      throw new DatabaseNotUsable(
        `${this.cluster} was made by PostgreSQL ${version.trim()}; this is ${MAJOR_VERSION}. Use the MRIMaster that made it, or another DATA_DIR.`,
      );
    await mkdir(dirname(this.cluster), { recursive: true });
    await removeAbandoned(this.cluster);
    const fresh = `${this.cluster}.new-${process.pid}`;
    await mkdir(fresh, { mode: 0o700 });
    if (isRoot()) await chown(fresh, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
    const arguments_ = ['--username=mrimaster', '--auth=trust', '--encoding=UTF8', '--locale=C'];
    const code = await this.run('initdb', fresh, arguments_);
    if (code !== 0) {
      await rm(fresh, { recursive: true, force: true });
      throw await this.startFailure();
    }
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
      // Root may keep the cluster below folders that the account cannot pass. The working directory is entered
      // before rights are dropped, and /proc names it without the way to it.
      const folder = isRoot() && process.platform === 'linux' ? '/proc/self/cwd' : cluster;
      const child = spawn(join(postgres, 'bin', program), ['-D', folder, ...arguments_], {
        cwd: cluster,
        ...account,
        env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
        stdio: ['ignore', log, log],
        detached: true, // Ctrl-C in the terminal is for MRIMaster, which stops the server when it is done
      });
      if (program === 'postgres') child.unref(); // it may outlive us; a half-made cluster must not
      return await new Promise((resolve) => child.once('exit', resolve).once('error', () => resolve(1)));
    } finally {
      closeSync(log);
    }
  }

  private async serverPid(): Promise<number | undefined> {
    const file = await readFile(join(this.cluster, 'postmaster.pid'), 'utf8').catch(() => '');
    return Number.parseInt(file, 10) || undefined;
  }

  /** After kill -9 its pid may be a zombie's or a stranger's, and PostgreSQL would take either for a live server. */
  private async clearStalePid(): Promise<void> {
    const pid = await this.serverPid();
    if (pid && !(await isPostgres(pid))) await rm(join(this.cluster, 'postmaster.pid'), { force: true });
  }

  private async startFailure(): Promise<DatabaseNotUsable> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    const end = log.trimEnd().split('\n').slice(-5).join('\n  ');
    return new DatabaseNotUsable(
      `PostgreSQL in ${this.cluster} does not start. Its log ${this.logFile} ends:\n  ${end}`,
    );
  }
}

/** The account that owns an existing cluster; for a new one, "nobody". */
async function clusterAccount(cluster: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await stat(cluster);
  return uid === 0 ? UNPRIVILEGED : { uid, gid };
}

/** Whether a live process of this number is a PostgreSQL server (not a zombie, not somebody else by now). */
async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (process.platform !== 'linux') return true;
  // proc(5): "pid (comm) state …"
  const [, name, state] = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).match(/\((.*)\) (\S)/) ?? [];
  return name === 'postgres' && state !== 'Z';
}

/** Removes half-made clusters of processes that are gone. */
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
