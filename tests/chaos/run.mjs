// `npm run chaos -- --interleavings N`: arrivals in N random orders, on a database of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { readConfig } from '../../dist/config.js';
import { openContext } from '../../dist/context.js';
import { createLog } from '../../dist/log.js';
import { liveMany } from './interleavings.mjs';

const { values } = parseArgs({ options: { interleavings: { type: 'string', default: '1000' } } });
const count = Number(values.interleavings);
const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
const config = readConfig({ DATA_DIR: folder, INFERENCE_DEVICE: 'cpu', STUDY_QUIET_SECONDS: '1' });
const context = await openContext(config, 'tool', createLog('silent'));
const bar = process.stderr.isTTY ? new cliProgress.SingleBar({ format: 'interleavings {bar} {value}/{total}' }) : null;
bar?.start(count, 0);
const began = performance.now();
const complaints = await liveMany(context, count, 4, (done) => bar?.update(done));
bar?.stop();
const { prisma } = context;
const [studies, revisions] = [await prisma.study.count(), await prisma.study.aggregate({ _sum: { revision: true } })];
await context.close();
rmSync(folder, { recursive: true });
console.log(
  `Arrivals in ${count} random orders, Node ${process.version}, ${Math.round((performance.now() - began) / 1000)} s:`,
);
console.log(
  `${studies} studies, ${revisions._sum.revision} revisions, one job each. False PROVEN, lost, doubled or stuck: ${complaints.length}.`,
);
for (const complaint of complaints.slice(0, 20)) console.log(complaint);
process.exit(complaints.length > 0 ? 1 : 0);
