// `npm run fuzz -- --doors --minutes N [--seed S]`: malformed requests for every door of the real program, in a process of
// its own. After each the same process must answer /healthz, and its log must tell of nothing that nobody foresaw.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conversations } from './association.mjs';
import { converse, httpCase } from './httpDoor.mjs';
import { mutate } from './mutate.mjs';
import { createRandom } from './random.mjs';
import { webSocketCase } from './webSocketDoor.mjs';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const FINDINGS = 'fuzz-findings';
const AT_ONCE = 8;
const UNFORESEEN = /unknown reason|[Uu]nforeseen|"level":60|Unhandled|Internal error/i;

export async function fuzzDoors({ minutes, seed }) {
  const program = await startProgram();
  const doors = openDoors(program);
  const records = new Map(doors.map(({ name }) => [name, { runs: 0, outcomes: new Map() }]));
  let findings = 0;
  const deadline = performance.now() + minutes * 60_000;
  const atWork = new Map();
  let next = 0;
  const workThrough = async () => {
    while (performance.now() < deadline && program.isAlive()) {
      const at = ++next;
      const door = doors[at % doors.length];
      const random = createRandom(`${seed} ${door.name} ${at}`);
      const bytes = door.make(random);
      atWork.set(`${door.name}-seed${seed}-case${at}`, bytes);
      const outcome = await converse(door.port, bytes, random);
      const fault = await faultOf(program);
      if (fault) {
        findings++;
        console.log(`FOUND while these were thrown, kept in ${FINDINGS}/: ${[...atWork.keys()].join(', ')}: ${fault}`);
        mkdirSync(FINDINGS, { recursive: true });
        for (const [name, thrown] of atWork) writeFileSync(`${FINDINGS}/${name}`, thrown);
      }
      atWork.delete(`${door.name}-seed${seed}-case${at}`);
      const record = records.get(door.name);
      record.runs++;
      record.outcomes.set(outcome, (record.outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, workThrough));
  const wasAlive = program.isAlive();
  const code = await program.stop();
  console.log(
    `Threw malformed requests at one process for ${minutes} min with seed ${seed}, Node ${process.version}: ${findings} findings; the process ${wasAlive && code === 143 ? 'answered throughout, and ended in order' : `ended with ${code}`}.\n`,
  );
  for (const [name, { runs, outcomes }] of records) {
    const counts = [...outcomes].sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`);
    console.log(`${name}: ${runs} runs. ${counts.join(', ')}.`);
  }
  return findings === 0 && wasAlive && code === 143;
}

function openDoors({ dicomPort, port }) {
  const host = `127.0.0.1:${port}`;
  const fields = [];
  const mutateBody = (random) => (body) => {
    const seed = { bytes: body.length > 0 ? body : Buffer.from('x'), fields };
    return mutate(seed, seed, random);
  };
  const damaged = (bytes, random) => (random.once(3) ? mutate({ bytes, fields }, { bytes, fields }, random) : bytes);
  const talks = conversations();
  return [
    { name: 'http', port, make: (random) => damaged(httpCase(random, host, mutateBody(random)), random) },
    { name: 'websocket', port, make: (random) => damaged(webSocketCase(random, host), random) },
    { name: 'dimse', port: dicomPort, make: (random) => mutate(random.of(talks), random.of(talks), random) },
  ];
}

/** What is wrong with the program now; undefined where nothing is. */
async function faultOf(program) {
  const said = program.newLog();
  if (UNFORESEEN.test(said))
    return said
      .split('\n')
      .filter((line) => UNFORESEEN.test(line))
      .join('\n');
  if (!program.isAlive()) return `it ended: ${said}`;
  try {
    const { ok, status } = await fetch(`http://127.0.0.1:${program.port}/healthz`, {
      signal: AbortSignal.timeout(5000),
    });
    return ok ? undefined : `/healthz answers ${status}`;
  } catch (error) {
    return `/healthz does not answer: ${error.cause?.code ?? error.message}. ${program.newLog()}`;
  }
}

async function startProgram() {
  const folder = mkdtempSync(join(tmpdir(), 'doors-'));
  const dicomPort = await freePort();
  const { NODE_ENV, VITEST, ...environment } = process.env;
  const child = spawn(process.execPath, [CLI, 'serve'], {
    cwd: folder, // without a file .env
    env: {
      ...environment,
      DATA_DIR: folder,
      PORT: '0',
      DICOM_PORT: String(dicomPort),
      DATABASE_URL: '',
      PACS_URL: '',
      PACS_FILE: '',
      INFERENCE_DEVICE: 'cpu',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  while (!/No archive/.test(log)) {
    if (!isAlive()) throw new Error(`It did not start: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port: Number(/http:\/\/[^:]+:(\d+)\/graphql/.exec(log)[1]),
    dicomPort,
    isAlive,
    newLog: () => {
      const said = log;
      log = '';
      return said;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const code = await ended;
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
