import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writePhantomStudy } from '../../benchmarks/setup/phantomStudy.mjs';
import { readConfig } from '../../src/config/config.js';
import { importFiles } from '../../src/intake/importFiles.js';
import { enqueueStudy } from '../../src/jobs/enqueueStudy.js';
import { openContext } from '../../src/openContext.js';
import { createLog } from '../../src/output/log.js';
import { phantomVolume } from '../../src/sample/phantom.js';
import { workOffQueue } from '../../src/workOffQueue.js';
import { temporaryFolder, until } from '../setup/program.js';

it('a queue gives out what is urgent first, then what somebody waits for, whatever came first', async () => {
  const folder = await temporaryFolder();
  const config = readConfig({ DATA_DIR: join(folder.path, 'data'), INFERENCE_DEVICE: 'cpu' });
  const context = await openContext(config, 'server', createLog('silent'));
  try {
    const [slice] = phantomVolume(7, 30).slice(15);
    const priorities = ['BACKLOG', 'ROUTINE', 'ASKED', 'STAT'] as const;
    const expected = new Map<string, string>();
    for (const [index, priority] of [...priorities, ...priorities].entries()) {
      const { paths, uid } = writePhantomStudy(folder.path, `study-${index}`, [slice]);
      for (const path of paths) await importFiles(context, path);
      expected.set((await enqueueStudy(context, { studyInstanceUid: uid, priority })).id, priority);
    }
    await workOffQueue(context);
    const jobs = await until(
      () => context.prisma.job.findMany({ orderBy: { startedAt: 'asc' } }),
      (all) => all.every(({ status }) => status === 'SUCCEEDED'),
    );
    const order = jobs.map(({ id }) => expected.get(id));
    expect(order).toEqual([...priorities].reverse().flatMap((priority) => [priority, priority]));
  } finally {
    await context.close();
    await folder.remove();
  }
});
