import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createReadiness } from '../../../src/telemetry/readiness.js';
import { patience } from '../../setup/patience.js';
import { type Program, startProgram, temporaryFolder } from '../../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  // An archive that nobody listens at.
  program = await startProgram({ DATA_DIR: folder.path, PACS_URL: 'http://127.0.0.1:9/dicom-web' });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function probe(path: string): Promise<{ status: number; cache: string | null; body: unknown }> {
  const response = await fetch(`${program.server.url}${path}`);
  return { status: response.status, cache: response.headers.get('cache-control'), body: await response.json() };
}

/** Does to the database what `sql` says while `check` runs, and `undo` afterwards. */
async function having(sql: string, undo: string, check: () => Promise<void>): Promise<void> {
  await program.context.prisma.$executeRawUnsafe(sql);
  try {
    await check();
  } finally {
    await program.context.prisma.$executeRawUnsafe(undo);
  }
}

it('lives and is ready when it has started, with an archive that is down', async () => {
  expect(await probe('/healthz')).toEqual({ status: 200, cache: 'no-store', body: { status: 'alive' } });
  expect(await probe('/readyz')).toEqual({ status: 200, cache: 'no-store', body: { status: 'ready' } });
  const { data } = await program.ask('{ pacs { health { reachable } } }');
  expect(data.pacs).toEqual([{ health: { reachable: false } }]);
});

it('lives but is not ready while the database has a migration that it does not know, or lacks one', async () => {
  const [newer, older] = ['29990101000000_of_the_future', '20000101000000_of_the_past'];
  const table = '"_prisma_migrations"';
  await having(
    `INSERT INTO ${table} (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '${newer}', now())`,
    `DELETE FROM ${table} WHERE id = 'x'`,
    async () => {
      const { status, cache, body } = await probe('/readyz');
      expect({ status, cache }).toEqual({ status: 503, cache: 'no-store' });
      expect(body).toMatchObject({ status: 'not ready', missing: [{ part: 'migrations' }] });
      expect(JSON.stringify(body)).toContain(newer);
      expect((await probe('/healthz')).status).toBe(200);
    },
  );
  const last = `(SELECT max(migration_name) FROM ${table} WHERE rolled_back_at IS NULL)`;
  await having(
    `UPDATE ${table} SET rolled_back_at = now(), id = '${older}' WHERE migration_name = ${last}`,
    `UPDATE ${table} SET rolled_back_at = NULL WHERE id = '${older}'`,
    async () => expect((await probe('/readyz')).body).toMatchObject({ missing: [{ code: 'MIGRATIONS_PENDING' }] }),
  );
  expect((await probe('/readyz')).status).toBe(200);
});

it('says that the database is missing when it keeps a probe waiting, and lives meanwhile', async () => {
  const { prisma } = program.context;
  let seen: unknown;
  await prisma.$transaction(
    async (tx) => {
      await tx.$executeRawUnsafe('LOCK TABLE "_prisma_migrations" IN ACCESS EXCLUSIVE MODE');
      seen = await probe('/readyz');
      expect((await probe('/healthz')).status).toBe(200);
    },
    { timeout: patience(10_000) },
  );
  expect(seen).toMatchObject({ status: 503, body: { missing: [{ part: 'database', code: 'DATABASE_UNAVAILABLE' }] } });
  expect((await probe('/readyz')).status).toBe(200);
});

it('is not ready without its model', async () => {
  const { models, prisma } = program.context;
  const { active } = models;
  const classifier = { ...active.classifier, isLoaded: () => false };
  const readiness = createReadiness(prisma, { active: { ...active, classifier } });
  expect(await readiness.missing()).toMatchObject([{ part: 'process', code: 'STARTING' }, { part: 'model' }]);
  readiness.phase = 'RUNNING';
  expect(await readiness.missing()).toMatchObject([{ code: 'MODEL_NOT_LOADED' }]);
});

it('says that it shuts down to whoever asks meanwhile', async () => {
  const { port, hostname } = new URL(program.server.url);
  const socket = connect(Number(port), hostname);
  // Half a request keeps its connection open while the server closes.
  socket.write(`GET /readyz HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closing = program.close();
  socket.write('\r\n');
  const answer = await text(socket);
  await closing;
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toContain('"code":"STOPPING"');
});
