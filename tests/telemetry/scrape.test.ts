import { once } from 'node:events';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../setup/freePorts.js';
import { patience } from '../setup/patience.js';
import { type Program, spawnProgram, startProgram, temporaryFolder, until } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: folder.path });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function scrape(url: string): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(`${url}/metrics`);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

describe('a scrape', () => {
  it('is whole but for the jobs while the database does not answer, and tells that', async () => {
    const { prisma } = program.context;
    await prisma.$executeRawUnsafe('ALTER TABLE "Job" RENAME TO "Gone"');
    const without = await scrape(program.server.url).finally(() =>
      prisma.$executeRawUnsafe('ALTER TABLE "Gone" RENAME TO "Job"'),
    );
    expect(without).toMatchObject({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    expect(without.text).toMatch(/^mrimaster_database_up 0$/m);
    expect(without.text).not.toMatch(/^mrimaster_jobs\{/m);
    expect(without.text).toMatch(/^process_resident_memory_bytes \d/m);
  });

  it('ends in time while the database keeps it waiting', async () => {
    const { prisma } = program.context;
    await prisma.$transaction(
      async (tx) => {
        await tx.$executeRawUnsafe('LOCK TABLE "Job" IN ACCESS EXCLUSIVE MODE');
        const began = performance.now();
        expect((await scrape(program.server.url)).text).toMatch(/^mrimaster_database_up 0$/m);
        expect(performance.now() - began).toBeLessThan(patience(5_000));
      },
      { timeout: patience(10_000) },
    );
    const { text } = await until(
      () => scrape(program.server.url),
      (one) => one.text.includes('mrimaster_database_up 1'),
    );
    expect(text).toContain('mrimaster_database_up 1');
  });

  it('asks the database every few seconds at most, and says how long the oldest waits', async () => {
    const { prisma } = program.context;
    const count = async () => (await scrape(program.server.url)).text.match(/^mrimaster_jobs.*test.*$/gm) ?? [];
    await until(count, () => true); // fresh for some seconds now
    await prisma.job.create({ data: { id: 'a', kind: 'test', createdAt: new Date(Date.now() - 60_000) } });
    await prisma.job.create({ data: { id: 'b', kind: 'test' } });
    expect(await count()).toEqual([]);
    const [jobs, oldest = ''] = await until(count, (lines) => lines.length > 0, 10_000);
    expect(jobs).toBe('mrimaster_jobs{kind="test",status="QUEUED"} 2');
    expect(oldest).toMatch(/^mrimaster_jobs_oldest_waiting_seconds\{kind="test"\} 6\d\.?\d*$/);
  });
});

it('OpenTelemetry is not even loaded where nobody asks for traces', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  expect(loaded.some((path) => path.includes('/node_modules/prom-client/'))).toBe(true);
  expect(loaded.filter((path) => /@opentelemetry\/(sdk|otlp|exporter|resources)/.test(path))).toEqual([]);
});

describe('a worker', () => {
  it('tells of its health and metrics at METRICS_PORT', async () => {
    const port = await freePort();
    const env = { DATA_DIR: folder.path, METRICS_PORT: String(port) };
    const worker = await spawnProgram(env, { args: ['worker'], ready: /Health and metrics of this worker/ });
    try {
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect((await scrape(url)).text).toMatch(/^# TYPE mrimaster_job_attempts_total counter$/m);
      // A second one of the same port says what to do, and ends.
      const second = spawnProgram(env, { args: ['worker'], ready: /never/ });
      await expect(second).rejects.toThrow(/METRICS_PORT \d+ of 127.0.0.1 cannot be had \(EADDRINUSE\)/);
    } finally {
      worker.child.kill('SIGTERM');
      await once(worker.child, 'exit');
    }
  });
});
