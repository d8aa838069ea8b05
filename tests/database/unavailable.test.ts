import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type Database, openDatabase } from '../../src/database/database.js';
import { asKnown } from '../../src/errors/asKnown.js';
import { createLog } from '../../src/output/log.js';
import { patience } from '../setup/patience.js';
import { client, type Program, runCli, spawnProgram, startProgram, temporaryFolder, until } from '../setup/program.js';
import { type SilentProxy, startSilentProxy } from '../setup/silentProxy.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: Database; // the embedded one, whose server stands for a hospital's
let proxy: SilentProxy;
let env: Record<string, string>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  database = await openDatabase(readConfig({ DATA_DIR: join(folder.path, 'theirs') }), 'tool', createLog('silent'));
  await database.prisma.$executeRawUnsafe('CREATE DATABASE mri');
  await database.prisma.$executeRawUnsafe('CREATE DATABASE few');
  proxy = await startSilentProxy(join(folder.path, 'theirs/postgres/.s.PGSQL.5432'));
  env = {
    DATA_DIR: join(folder.path, 'data'),
    DATABASE_URL: `postgresql://mrimaster@127.0.0.1:${proxy.port}/mri`,
  };
  program = await startProgram(env);
});
afterAll(async () => {
  await program?.close();
  proxy?.close();
  await database?.close();
  await folder.remove();
});

const STUDIES = '{ studies(first: 1) { nodes { id } } }';
const codeOf = ({ errors }: { errors?: { extensions: { code: string } }[] }) => errors?.[0]?.extensions.code;

it('answers DATABASE_UNAVAILABLE within seconds where the database falls silent, and goes on when it speaks', async () => {
  const { ask, context, server } = program;
  expect((await ask(STUDIES)).errors).toBeUndefined();
  const open = context.prisma.$transaction(async (tx) => {
    await tx.study.count();
    proxy.silence();
    await tx.study.count();
  });
  open.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 500));
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 15 }, () => ask(STUDIES)));
  expect(performance.now() - began).toBeLessThan(patience(20_000));
  expect(answers.map(codeOf)).toEqual(Array(15).fill('DATABASE_UNAVAILABLE'));
  expect(answers.every(({ errors }) => errors?.[0].extensions.retryable)).toBe(true);
  await expect(open).rejects.toThrow();
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  proxy.speak();
  await until(
    () => ask(STUDIES),
    ({ errors }) => errors === undefined,
  );
  await until(
    () => fetch(`${server.url}/readyz`),
    ({ status }) => status === 200,
  );
});

it('lets a slow statement go on while the database answers others', async () => {
  const [row] = await program.context.prisma.$queryRawUnsafe<{ slept: number }[]>(
    'SELECT 1 AS slept FROM (SELECT pg_sleep(10)) AS nap',
  );
  expect(row).toEqual({ slept: 1 });
});

it('ends a statement that takes no end, as a failure that passes', async () => {
  await expect(
    program.context.prisma.$transaction([
      program.context.prisma.$executeRawUnsafe('SET LOCAL statement_timeout = 500'),
      program.context.prisma.$queryRawUnsafe('SELECT 1 FROM (SELECT pg_sleep(20)) AS nap'),
    ]),
  ).rejects.toSatisfy((error) => asKnown(error)?.code === 'DATABASE_UNAVAILABLE');
});

it('answers DATABASE_UNAVAILABLE, which may be retried, where PostgreSQL has too many clients', async () => {
  const { ask, context } = program;
  const others: Client[] = [];
  /** Takes a connection that is left, if one is. */
  const take = async () => {
    const one = new Client(context.database.connection);
    one.on('error', () => {});
    await one.connect().then(
      () => others.push(one),
      () => {},
    );
  };
  try {
    const answer = await until(
      async () => {
        await database.prisma.$executeRawUnsafe(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mri' AND application_name = 'mrimaster'`,
        );
        await Promise.all(Array.from({ length: 20 }, take));
        return ask(STUDIES);
      },
      ({ errors }) => errors !== undefined && others.length > 40,
    );
    expect(answer.errors?.[0].extensions).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true });
  } finally {
    await Promise.all(others.map((one) => one.end()));
  }
  await until(
    () => ask(STUDIES),
    ({ errors }) => errors === undefined,
  );
});

it('holds transactions to one limit, which a busy machine keeps', async () => {
  const { prisma } = program.context;
  await prisma.$transaction(async (tx) => {
    await tx.study.count();
    await new Promise((resolve) => setTimeout(resolve, 7000)); // more than Prisma's own five seconds
    await tx.study.count();
  });
});

it('waits at its start for a database that comes up, and says so in a sentence', async () => {
  proxy.silence();
  const spawned = await spawnProgram({ ...env, DATA_DIR: join(folder.path, 'second') }, { ready: /Not started/ });
  expect(spawned.log()).toContain('Not started: The database of DATABASE_URL does not answer');
  proxy.speak();
  await until(
    async () => spawned.log(),
    (log) => /(http:\S+)\/graphql/.test(log),
  );
  const url = /(http:\S+)\/graphql/.exec(spawned.log())?.[1] as string;
  expect((await client(url)(STUDIES)).errors).toBeUndefined();
  spawned.child.kill('SIGTERM');
  await once(spawned.child, 'exit');
  expect(spawned.log()).not.toMatch(/^ +at /m);
});

it('ends at once when it is asked to while it waits for its database', async () => {
  const spawned = await spawnProgram(
    { ...env, DATABASE_URL: 'postgresql://me@127.0.0.1:9/mri', DATA_DIR: join(folder.path, 'third') },
    { ready: /Not started/ },
  );
  spawned.child.kill('SIGTERM');
  expect((await once(spawned.child, 'exit'))[0]).toBe(143);
});

it('exits with 75 where its database is not there, without a stack', async () => {
  const { code, stderr } = await runCli(['audit', 'verify'], { DATABASE_URL: 'postgresql://me@127.0.0.1:9/mri' });
  expect(code).toBe(75);
  expect(stderr).toContain('The database of DATABASE_URL does not answer');
  expect(stderr).not.toMatch(/^ +at /m);
});

it('ends when it is asked to, though its database is silent', async () => {
  const spawned = await spawnProgram({ ...env, DATA_DIR: join(folder.path, 'fourth') });
  proxy.silence();
  spawned.child.kill('SIGTERM');
  const ended = once(spawned.child, 'exit');
  expect((await ended)[0]).toBe(143);
  proxy.speak();
});
