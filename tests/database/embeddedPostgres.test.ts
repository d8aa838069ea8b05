import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type Database, openDatabase } from '../../src/database/database.js';
import { createLog } from '../../src/output/log.js';
import { patience } from '../setup/patience.js';
import { REPOSITORY, temporaryFolder, userEnvironment } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let cluster: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  cluster = join(folder.path, 'postgres');
});
afterEach(() => folder.remove());

const open = (dataDir = folder.path): Promise<Database> =>
  openDatabase(readConfig({ DATA_DIR: dataDir }), 'server', createLog('silent'));

async function serverPid(dataDir = folder.path): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
}

/** How `mrimaster serve` ends in `folder`, and in what time; `stopAfter`: asked to end by then. */
async function serve(stopAfter?: number) {
  const began = performance.now();
  const child = spawn(process.execPath, [join(REPOSITORY, 'dist/cli.js'), 'serve'], {
    env: userEnvironment({ DATA_DIR: folder.path, PORT: '0' }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  if (stopAfter !== undefined) setTimeout(() => child.kill('SIGTERM'), stopAfter);
  const [code] = await once(child, 'close');
  return { code, stderr, seconds: (performance.now() - began) / 1000 };
}

describe('an embedded database that cannot start', () => {
  const damages: [string, () => Promise<void>, string][] = [
    ['without its control file', () => rm(join(cluster, 'global/pg_control')), 'It is damaged'],
    ['with a control file cut short', () => truncate(join(cluster, 'global/pg_control'), 100), 'It is damaged'],
    ['without its write-ahead log', () => rm(join(cluster, 'pg_wal'), { recursive: true }), 'It is damaged'],
    ['with an empty PG_VERSION', () => truncate(join(cluster, 'PG_VERSION')), 'PG_VERSION is empty'],
    ['without PG_VERSION', () => rm(join(cluster, 'PG_VERSION')), 'PG_VERSION is missing'],
    ['with settings that nobody understands', () => writeFile(join(cluster, 'postgresql.conf'), '?!'), 'syntax error'],
  ];
  it.each(damages)('%s says so within seconds, and what to do', async (_, damage, said) => {
    await (await open()).close();
    await damage();
    const { code, seconds, stderr } = await serve();
    expect(code).toBe(1);
    expect(stderr).toContain(said);
    expect(stderr).toContain(cluster);
    expect(stderr).not.toMatch(/^ +at /m); // no stack
    expect(seconds).toBeLessThan(30);
  });

  it('hears that it is to end', async () => {
    await (await open()).close();
    await rm(join(cluster, 'global/pg_control'));
    const { code, seconds } = await serve(1000);
    expect([1, 143]).toContain(code);
    expect(seconds).toBeLessThan(15);
  });
});

it('is made where its folder is there and empty', async () => {
  await mkdir(cluster);
  const database = await open();
  expect(await database.prisma.study.count()).toBe(0);
  await database.close();
});

it.skipIf(process.platform !== 'linux')(
  'takes the server of another folder for none of its own, and lets it live',
  async () => {
    const other = await temporaryFolder();
    const theirs = await open(other.path);
    const pid = await serverPid(other.path);
    await (await open()).close();
    // As after a crash and a restart of the machine, when another PostgreSQL has the number by now.
    const stale = `${pid}\n${cluster}\n1\n5432\n.\n\n\n`;
    await writeFile(join(cluster, 'postmaster.pid'), stale, { mode: 0o600 });
    await writeFile(join(cluster, '.s.PGSQL.5432.lock'), stale, { mode: 0o600 });
    const began = performance.now();
    const database = await open();
    expect(await database.prisma.study.count()).toBe(0);
    expect(performance.now() - began).toBeLessThan(patience(30_000));
    await database.close();
    expect(process.kill(pid, 0)).toBe(true);
    expect(await theirs.prisma.study.count()).toBe(0);
    await theirs.close();
    await other.remove();
  },
);

describe('who may enter', () => {
  it.skipIf(userInfo().uid !== 0)(
    'is not an account that is neither root nor ours, in an older cluster either',
    async () => {
      await (await open()).close();
      // As earlier versions made them.
      await writeFile(join(cluster, 'pg_hba.conf'), 'local all all trust\n');
      const database = await open();
      // As a process of the account that PostgreSQL itself runs as, which finds the socket though DATA_DIR is closed.
      const script = `const { Client } = require('${join(REPOSITORY, 'node_modules/pg')}');
      process.chdir('${cluster}'); process.setgid(65534); process.setuid(65534);
      const client = new Client({ host: '/proc/self/cwd', user: 'mrimaster', database: 'postgres' });
      client.connect().then(() => console.log('in'), (error) => console.log(error.code)).finally(() => process.exit());`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      expect(stdout.trim(), stderr).toBe('28000');
      expect(await database.prisma.study.count()).toBe(0);
      expect(await readFile(join(cluster, 'pg_hba.conf'), 'utf8')).not.toContain('trust');
      await database.close();
    },
  );

  it('is by rules that somebody else wrote, where they trust nobody', async () => {
    await (await open()).close();
    const access = join(cluster, 'pg_hba.conf');
    const rules = `local all guest scram-sha-256\n${await readFile(access, 'utf8')}`;
    await writeFile(access, rules);
    await (await open()).close();
    expect(await readFile(access, 'utf8')).toBe(rules);
    expect((await stat(access)).mode & 0o077).toBe(0);
  });
});
