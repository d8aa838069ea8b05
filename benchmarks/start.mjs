// From starting `mrimaster serve` to its first answered query, on a DATA_DIR that exists and on a new one; seconds,
// the median of five starts each. Build first.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './setup/quantiles.mjs';
import { startProgram } from './setup/startProgram.mjs';

const ROUNDS = 5;
const folder = await mkdtemp(join(tmpdir(), 'mrimaster-bench-'));

const fresh = [];
for (let round = 0; round < ROUNDS; round++) fresh.push(await start(join(folder, `fresh-${round}`)));
const again = [];
for (let round = 0; round < ROUNDS; round++) again.push(await start(join(folder, 'fresh-0')));
await rm(folder, { recursive: true, force: true });
console.log(`${cpus().length} cores, Node ${process.version}`);
console.log(`start to first answered query, new DATA_DIR: ${median(fresh).toFixed(2)} s`);
console.log(`start to first answered query, initialised:  ${median(again).toFixed(2)} s`);

async function start(dataDir) {
  const { child, seconds } = await startProgram({ DATA_DIR: dataDir });
  child.kill('SIGTERM');
  await once(child, 'exit');
  return seconds;
}
