// From starting `mrimaster serve` to its first answered query, on a DATA_DIR that exists and on a new one; seconds,
// the median of five starts each. Build first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = 5;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'mrimaster-bench-'));

const fresh = [];
for (let round = 0; round < ROUNDS; round++) fresh.push(await start(join(folder, `fresh-${round}`)));
const again = [];
for (let round = 0; round < ROUNDS; round++) again.push(await start(join(folder, 'fresh-0')));
await rm(folder, { recursive: true, force: true });
console.log(`${cpus().length} cores, Node ${process.version}`);
console.log(`start to first answered query, new DATA_DIR: ${median(fresh)} s`);
console.log(`start to first answered query, initialised:  ${median(again)} s`);

async function start(dataDir) {
  const began = performance.now();
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { ...process.env, DATA_DIR: dataDir, PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  for await (const chunk of child.stderr) {
    log += chunk;
    if (/http:\S+\/graphql/.test(log)) break;
  }
  const [url] = log.match(/http:\S+\/graphql/);
  const body = JSON.stringify({ query: '{ studies { nodes { id } } server { version } }' });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data } = await response.json();
  if (!data) throw new Error('the query was not answered');
  const seconds = (performance.now() - began) / 1000;
  child.kill('SIGTERM');
  await once(child, 'exit');
  return seconds;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)].toFixed(2);
}
