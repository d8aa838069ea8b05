import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type Database, openDatabase } from '../../src/database/database.js';
import { type DatabaseRole } from '../../src/database/embeddedPresence.js';
import { createLog } from '../../src/output/log.js';
import { REPOSITORY, temporaryFolder, until, userEnvironment } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

function open(role: DatabaseRole = 'server', dataDir = folder.path): Promise<Database> {
  return openDatabase(readConfig({ DATA_DIR: dataDir }), role, createLog('silent'));
}

/** The database held by another process. */
async function hold(role: DatabaseRole): Promise<{ process: ChildProcess; said: string; end(): Promise<void> }> {
  const script = fileURLToPath(new URL('./holdDatabase.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder.path, role], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  const end = async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  };
  return { process: child, said: String(said).trim(), end };
}

async function serverPid(): Promise<number> {
  return Number.parseInt(await readFile(join(folder.path, 'postgres/postmaster.pid'), 'utf8'), 10);
}

const addStudy = (database: Database, studyInstanceUid: string) =>
  database.prisma.study.create({ data: { studyInstanceUid, modalities: ['MR'] } });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the embedded database', () => {
  it('keeps what was written, and stops its server when the last one leaves', async () => {
    const first = await open();
    const { id } = await addStudy(first, '1.2.3');
    expect(id).toMatch(/^study-/);
    const pid = await serverPid();
    await first.close();
    // The server removes its lock file, which ends the waiting, a moment before its process ends.
    await until(
      async () => isAlive(pid),
      (alive) => !alive,
    );
    const again = await open();
    expect(await again.prisma.study.count()).toBe(1);
    await again.close();
  });

  it('is refused to a second server, naming the first and the cure', async () => {
    const first = await hold('server');
    expect(first.said).toBe('open');
    const second = await hold('server');
    expect(second.said).toBe(
      `refused: Another MRIMaster server (process ${first.process.pid}) is using ${folder.path}. Stop it first, or give this one another DATA_DIR and PORT.`,
    );
    await Promise.all([first.end(), second.end()]);
  });

  it('is shared with tools, whoever of them comes or leaves first', async () => {
    const tool = await hold('tool');
    const server = await open('server');
    await tool.end();
    expect(await server.prisma.study.count()).toBe(0);
    await server.close();
  });

  it('is opened while its last user is just stopping it', async () => {
    // A start every two milliseconds over the time that a stop takes: some meet each of its moments.
    for (let round = 0; round < 8; round++) {
      const last = await open('tool');
      const starts: Promise<Database>[] = [];
      const stop = last.close();
      for (let start = 0; start < 20; start++) {
        starts.push(open('tool'));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const opened = await Promise.all(starts);
      await stop;
      expect(await opened[0]?.prisma.study.count()).toBe(0);
      await Promise.all(opened.map((database) => database.close()));
    }
  });

  it('is made once when two processes start at once on an empty folder', async () => {
    const both = await Promise.all([hold('server'), hold('tool')]);
    expect(both.map(({ said }) => said)).toEqual(['open', 'open']);
    await Promise.all(both.map(({ end }) => end()));
  });

  it('survives kill -9 of the process that uses it', async () => {
    const killed = await hold('server');
    const before = await open('tool');
    await addStudy(before, '1.2.3');
    killed.process.kill('SIGKILL');
    const next = await open('server');
    expect(await next.prisma.study.count()).toBe(1);
    await before.close();
    await next.close();
  });

  it('survives kill -9 of PostgreSQL while it is in use', async () => {
    const database = await open();
    await addStudy(database, '1.2.3');
    process.kill(await serverPid(), 'SIGKILL');
    const count = await until(
      () => database.prisma.study.count().catch(() => -1),
      (value) => value >= 0,
    );
    expect(count).toBe(1);
    await database.close();
  });

  it('survives kill -9 of both, with a stale pid file that names a stranger', async () => {
    const killed = await hold('server');
    const pid = await serverPid();
    killed.process.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await once(killed.process, 'close');
    const stale = join(folder.path, 'postgres/postmaster.pid');
    await writeFile(stale, (await readFile(stale, 'utf8')).replace(/^\d+/, String(process.pid)));
    const database = await open();
    expect(await database.prisma.study.count()).toBe(0);
    await database.close();
  });

  it('is stopped with a server that is asked to end while it starts', async () => {
    await (await open()).close(); // from here on PostgreSQL itself starts in no time
    for (const ms of [200, 400, 600, 800, 1000]) {
      const child = spawn(process.execPath, [join(REPOSITORY, 'dist/cli.js'), 'serve'], {
        env: userEnvironment({ DATA_DIR: folder.path, PORT: '0' }),
        stdio: 'ignore',
      });
      await new Promise((resolve) => setTimeout(resolve, ms));
      child.kill('SIGTERM');
      await once(child, 'close');
      await expect(serverPid()).rejects.toThrow('ENOENT'); // PostgreSQL removes its pid file when it ends
    }
  });

  it('works in a folder that only its owner may pass, as a home is', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o700);
    const database = await open('server', join(closed, 'data'));
    expect(await database.prisma.study.count()).toBe(0);
    await database.close();
  });

  it('says so when DATA_DIR is too long for a socket', async () => {
    await expect(open('server', join(folder.path, 'x'.repeat(100)))).rejects.toThrow('Choose a shorter DATA_DIR.');
  });

  it('is let go, and stopped, when its history is not ours', async () => {
    const database = await open();
    await database.prisma.$executeRawUnsafe(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ('1', '', '99990101000000_newer')`,
    );
    const pid = await serverPid();
    await database.close();
    await expect(open()).rejects.toThrow('a newer version used it');
    await expect(serverPid()).rejects.toThrow('ENOENT');
    await until(
      async () => isAlive(pid),
      (alive) => !alive,
    );
  });

  it('is not opened when another PostgreSQL made it', async () => {
    await mkdir(join(folder.path, 'postgres'));
    await writeFile(join(folder.path, 'postgres/PG_VERSION'), '15\n');
    await expect(open()).rejects.toThrow('was made by PostgreSQL 15; this is 18.');
  });
});

describe('a database of DATABASE_URL', () => {
  it('that does not answer is named with its cure, without its password', async () => {
    const config = readConfig({ DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/mri' });
    const failure = await openDatabase(config, 'server', createLog('silent')).catch((error) => error);
    expect(failure.code).toBe('DATABASE_NOT_USABLE');
    expect(failure.message).toContain('DATABASE_URL does not answer');
    expect(failure.message).not.toContain('secret');
  });

  it('is migrated once by any number of processes that start at once', async () => {
    const embedded = await open();
    await embedded.prisma.$executeRawUnsafe('CREATE DATABASE theirs');
    const url = `postgresql://mrimaster@localhost/theirs?host=${encodeURIComponent(join(folder.path, 'postgres'))}`;
    const config = readConfig({ DATABASE_URL: url });
    const opened = await Promise.all([1, 2, 3, 4].map(() => openDatabase(config, 'server', createLog('silent'))));
    const rows = await opened[0]?.prisma.$queryRawUnsafe('SELECT migration_name FROM "_prisma_migrations"');
    const folders = (await readdir(join(REPOSITORY, 'prisma/migrations'))).filter((name) => /^\d/.test(name));
    expect((rows as { migration_name: string }[]).map((row) => row.migration_name).sort()).toEqual(folders.sort());
    expect(opened[0]?.description).toBe('PostgreSQL/theirs on localhost');
    await Promise.all(opened.map((database) => database.close()));
    await embedded.close();
  });
});
