// `npm run chaos -- [--interleavings N] [--kills N] [--archive N] [--database N] [--disk N] [--clock N] [--seed TEXT]`:
// arrivals in N random orders, on a database of its own; N rounds of a server's life under each fault, at moments that the
// seed decides. Without numbers at full scale, for some hours. docs/chaos.txt is its output.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { hasOrthanc } from '../../benchmarks/setup/orthanc.mjs';
import { readConfig } from '../../dist/config/config.js';
import { openContext } from '../../dist/openContext.js';
import { createLog } from '../../dist/output/log.js';
import { archiveFault } from './faults/archive.mjs';
import { clockFault } from './faults/clock.mjs';
import { databaseFault } from './faults/database.mjs';
import { diskFault } from './faults/disk.mjs';
import { killFault } from './faults/kill.mjs';
import { liveMany } from './interleavings.mjs';
import { liveThrough } from './liveThrough.mjs';

const FAULTS = { kills: killFault, archive: archiveFault, database: databaseFault, disk: diskFault, clock: clockFault };
const FULL_SCALE = { interleavings: 10_000, kills: 1000, archive: 200, database: 200, disk: 200, clock: 200 };
const RECOVERS_WITHIN_SECONDS = 15;

const options = Object.fromEntries([...Object.keys(FULL_SCALE), 'seed'].map((name) => [name, { type: 'string' }]));
const {
  values: { seed = '', ...given },
} = parseArgs({ options });
const scale = Object.keys(given).length > 0 ? given : FULL_SCALE;
let wrong = 0;
if (Number(scale.interleavings) > 0) wrong += await interleave(Number(scale.interleavings));
for (const [name, fault] of Object.entries(FAULTS))
  if (Number(scale[name]) > 0) wrong += await suffer(fault, Number(scale[name]));
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

async function suffer(fault, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const lacking = fault.lacks?.(folder) ?? (hasOrthanc ? null : 'Orthanc or its DICOMweb plugin is not installed');
  if (lacking) {
    console.log(`Not done, ${fault.title}: ${lacking}`);
    rmSync(folder, { recursive: true });
    return 0;
  }
  const bar = progress(fault.name, rounds);
  const began = performance.now();
  const { complaints, recoveries, retried } = await liveThrough(fault, folder, rounds, seed, (done) =>
    bar.update(done),
  );
  bar.stop();
  rmSync(folder, { recursive: true });
  const slowest = Math.max(...recoveries);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${rounds} rounds in which ${fault.title}, Node ${process.version}, ${seconds} s:`);
  console.log(
    `${rounds} studies. Lost, doubled or stuck: ${complaints.length}. Failed jobs retried by hand: ${retried}. Slowest to answer again: ${slowest.toFixed(1)} s (bar: ${RECOVERS_WITHIN_SECONDS} s, on a machine of its own).`,
  );
  return tell(complaints);
}
