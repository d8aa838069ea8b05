import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { announceStudy } from '../../src/notifications/announceStudy.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { type Program, startProgram, temporaryFolder, until } from '../setup/program.js';
import { type Receiver, startReceiver } from '../setup/receiver.js';

const EVENTS = 40;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let silent: Receiver;
let well: Receiver;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  [silent, well] = await Promise.all([startReceiver(), startReceiver()]);
  silent.answer(null);
  program = await startProgram({
    DATA_DIR: join(folder.path, 'data'),
    WEBHOOK_URL: `${silent.url},${well.url}`,
    WEBHOOK_SECRET: 'a secret of the tests',
  });
  await writeSampleStudy(join(folder.path, 'sample'));
  await importFiles(program.context, join(folder.path, 'sample'));
});
afterAll(async () => {
  await program?.close();
  for (const receiver of [silent, well]) receiver?.close();
  await folder.remove();
});

it('one receiver that never answers keeps no webhook from the others', async () => {
  const { prisma } = program.context;
  const { id } = await prisma.study
    .updateManyAndReturn({ data: { status: 'CLASSIFIED' } })
    .then(([study]) => study as { id: string });
  for (let event = 0; event < EVENTS; event++)
    await prisma.$transaction((tx) =>
      announceStudy(program.context, program.context.models.active, tx, id, `cause ${event}`),
    );
  // Forty times ten seconds of silence, four at a time, would take longer than is waited here.
  await until(
    async () => well.received.length,
    (count) => count === EVENTS,
    45_000,
  );
  const jobs = await prisma.webhookDelivery.findMany({ where: { url: silent.url } });
  const waiting = await prisma.job.count({
    where: { id: { in: jobs.map((job) => job.id) }, status: { not: 'SUCCEEDED' } },
  });
  expect(waiting).toBe(EVENTS);
});

it('one receiver that never answers is left alone, and told all when it answers again', async () => {
  const { prisma } = program.context;
  const told = await until(
    () => prisma.job.findMany({ where: { error: { contains: 'accepted none of the last webhooks' } } }),
    (jobs) => jobs.length > 0,
  );
  expect(told[0]?.status).not.toBe('FAILED');
  silent.answer(204);
  const again = () => prisma.$executeRaw`UPDATE pgboss.job SET start_after = now() WHERE state IN ('created', 'retry')`;
  await until(
    async () => {
      await again(); // what would take minutes
      return prisma.webhookDelivery.count({ where: { url: silent.url, deliveredAt: { not: null } } });
    },
    (count) => count === EVENTS,
    100_000,
  );
});
