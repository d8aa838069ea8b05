// `npm run chaos -- [--interleavings N] [--kills N]`: arrivals in N random orders, on a database of its own; N lives of a
// server that end by kill -9. docs/chaos.txt is its output.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { readConfig } from '../../dist/config.js';
import { openContext } from '../../dist/context.js';
import { createLog } from '../../dist/log.js';
import { liveMany } from './interleavings.mjs';
import { killRounds } from './kills.mjs';

const { values } = parseArgs({
  options: { interleavings: { type: 'string', default: '0' }, kills: { type: 'string', default: '0' } },
});
let wrong = 0;
if (Number(values.interleavings) > 0) wrong += await interleave(Number(values.interleavings));
if (Number(values.kills) > 0) wrong += await kill(Number(values.kills));
process.exit(wrong > 0 ? 1 : 0);

function progress(what, total) {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = new cliProgress.SingleBar({ format: `${what} {bar} {value}/{total}` });
  bar.start(total, 0);
  return bar;
}

function tell(complaints) {
  for (const complaint of complaints.slice(0, 20)) console.log(complaint);
  return complaints.length;
}

async function interleave(count) {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const config = readConfig({ DATA_DIR: folder, INFERENCE_DEVICE: 'cpu', STUDY_QUIET_SECONDS: '1' });
  const context = await openContext(config, 'tool', createLog('silent'));
  const bar = progress('interleavings', count);
  const began = performance.now();
  const complaints = await liveMany(context, count, 4, (done) => bar.update(done));
  bar.stop();
  const { prisma } = context;
  const [studies, revisions] = [await prisma.study.count(), await prisma.study.aggregate({ _sum: { revision: true } })];
  await context.close();
  rmSync(folder, { recursive: true });
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`Arrivals in ${count} random orders, Node ${process.version}, ${seconds} s:`);
  console.log(
    `${studies} studies, ${revisions._sum.revision} revisions, one job each. False PROVEN, lost, doubled or stuck: ${complaints.length}.`,
  );
  return tell(complaints);
}

async function kill(rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const bar = progress('kill -9', rounds);
  const { complaints, recoveries } = await killRounds(folder, rounds, (done) => bar.update(done));
  bar.stop();
  rmSync(folder, { recursive: true });
  const slowest = Math.max(...recoveries).toFixed(1);
  console.log(`kill -9 of the server ${rounds} times, at times of PostgreSQL, too, Node ${process.version}:`);
  console.log(
    `${rounds} studies. Lost, doubled or stuck: ${complaints.length}. Slowest start after a kill: ${slowest} s.`,
  );
  return tell(complaints);
}
