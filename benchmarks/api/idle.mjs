import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../setup/quantiles.mjs';
import { startProgram } from '../setup/startProgram.mjs';

const STARTS = 5;
const IDLE_MS = 10_000;

/** How soon a server answers, and what it takes while nobody asks. */
export async function measureIdle(env, folder) {
  const starts = { fresh: [], again: [] };
  const taken = { server: [], database: [] };
  for (let round = 0; round < STARTS; round++) {
    const dataDir = join(folder, `idle-${round}`);
    starts.fresh.push(await startOnce(env, dataDir));
    starts.again.push(await startOnce(env, dataDir, taken));
  }
  const worst = Math.max(...taken.server);
  console.log(`## Start and rest

${STARTS} starts of \`mrimaster serve\` as a user has it, to the first answered query: median ${median(starts.again).toFixed(2)} s (target ≤ 3: ${met(median(starts.again) <= 3)}), ${median(starts.fresh).toFixed(2)} s on a new DATA_DIR, for which a database is made.

${IDLE_MS / 1000} s later, the model loaded and nobody asking, the server's process has ${median(taken.server).toFixed(0)} MB resident, ${worst.toFixed(0)} MB at most (target ≤ 300: ${met(worst <= 300)}). The embedded PostgreSQL, a server of its own, takes ${median(taken.database).toFixed(0)} MB more (the sum of its processes' proportional set sizes).
`);
}

async function startOnce(env, dataDir, taken) {
  const { child, seconds } = await startProgram({ ...env, DATA_DIR: dataDir, LOG_LEVEL: 'info' });
  if (taken) {
    await sleep(IDLE_MS);
    taken.server.push(memoryOf(child.pid, 'status', /VmRSS:\s+(\d+) kB/));
    const database = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8');
    const pids = processesOf(Number.parseInt(database, 10));
    taken.database.push(pids.map((pid) => memoryOf(pid, 'smaps_rollup', /^Pss:\s+(\d+) kB/m)).reduce((a, b) => a + b));
  }
  child.kill('SIGTERM');
  await once(child, 'exit');
  return seconds;
}

/** In MB. @see proc(5) */
function memoryOf(pid, file, pattern) {
  return Number(pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]) * 1.024e-3;
}

/** PostgreSQL has a process a connection, and some of its own. */
function processesOf(pid) {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return [pid, ...stdout.trim().split(/\s+/).map(Number)];
}

function met(isMet) {
  return isMet ? 'met' : 'missed';
}
