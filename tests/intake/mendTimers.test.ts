import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type Context } from '../../src/context.js';
import { mendTimers } from '../../src/intake/mendTimers.js';
import { noteArrival } from '../../src/intake/settleTimes.js';
import { openContext } from '../../src/openContext.js';
import { createLog } from '../../src/output/log.js';
import { temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let context: Context;
beforeAll(async () => {
  folder = await temporaryFolder();
  const config = readConfig({ DATA_DIR: join(folder.path, 'data'), INFERENCE_DEVICE: 'cpu' });
  context = await openContext(config, 'tool', createLog('silent'));
});
afterAll(async () => {
  await context?.close();
  await folder.remove();
});

const MINUTE = 60_000;
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE);

it('makes studies due whose timers lie further ahead than anybody sets them, and leaves others', async () => {
  const { prisma } = context;
  const create = (studyInstanceUid: string, settleAt: Date, settleBy: Date) =>
    prisma.study.create({ data: { studyInstanceUid, settleAt, settleBy } });
  await create('1.2.1', inMinutes(90), inMinutes(100));
  const ordinary = await create('1.2.2', inMinutes(0.9), inMinutes(9));
  await mendTimers(context);
  const mended = await prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: '1.2.1' } });
  expect(mended.settleAt?.getTime()).toBeLessThanOrEqual(Date.now());
  expect(mended.settleBy?.getTime()).toBeLessThanOrEqual(inMinutes(10).getTime());
  expect(await prisma.study.findUnique({ where: { id: ordinary.id } })).toMatchObject({
    settleAt: ordinary.settleAt,
    settleBy: ordinary.settleBy,
  });
});

it.each([-15_000, 15_000, -7_200_000])(
  'leaves a study in its quiet time, though the clock of this process is off by %i ms',
  async (offset) => {
    const { prisma } = context;
    const { id } = await prisma.study.create({
      data: { studyInstanceUid: `1.2.${offset > 0 ? 4 : 5}.${Math.abs(offset)}` },
    });
    const now = Date.now();
    vi.useFakeTimers({ now: now + offset, toFake: ['Date'] });
    try {
      await prisma.$transaction((tx) => noteArrival(tx, id, { lookMs: 30_000, deadlineMs: 300_000 }));
      await mendTimers(context);
    } finally {
      vi.useRealTimers();
    }
    const { settleAt } = await prisma.study.findUniqueOrThrow({ where: { id } });
    const ahead = (settleAt as Date).getTime() - now;
    expect(ahead).toBeGreaterThan(25_000);
    expect(ahead).toBeLessThan(60_000);
  },
);

it('makes jobs and the watch over them due, too', async () => {
  const { prisma, queue } = context;
  const ids = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;
  for (const [index, id] of ids.entries())
    await prisma.$transaction((tx) =>
      queue.studies.send(tx, id, { studyInstanceUid: `1.3.${index}`, pacs: null, force: false }, 'ROUTINE'),
    );
  // A fourth retry may lie up to 32 s ahead.
  const ahead = (id: string, seconds: number, retries: number) => prisma.$executeRaw`
    UPDATE pgboss.job SET state = 'retry', retry_count = ${retries}, start_after = now() + make_interval(secs => ${seconds})
    WHERE id = ${id}::uuid`;
  await ahead(ids[0], 3600, 4);
  await ahead(ids[1], 30, 4);
  await prisma.$executeRaw`UPDATE pgboss.queue SET monitor_on = now() + interval '1 hour' WHERE name = 'classify-study'`;
  await mendTimers(context);
  const seconds = async (id: string) => {
    const [row] = await prisma.$queryRaw<{ ahead: number }[]>`
      SELECT extract(epoch FROM start_after - now())::float8 AS ahead FROM pgboss.job WHERE id = ${id}::uuid`;
    return row?.ahead;
  };
  expect(await seconds(ids[0])).toBeLessThanOrEqual(0);
  expect(await seconds(ids[1])).toBeGreaterThan(20);
  const watched = await prisma.$queryRaw<unknown[]>`SELECT 1 FROM pgboss.queue WHERE monitor_on > now()`;
  expect(watched).toEqual([]);
});
