import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../benchmarks/setup/freePort.mjs';

const PROGRAM = fileURLToPath(new URL('../../bin/mrimaster.js', import.meta.url));
const ANSWERS_WITHIN_MS = 120_000;

/**
 * `mrimaster serve` on `folder`, as its user starts it, when it answers its first query from the database.
 * @returns `seconds`: how long that took. @throws where it ends instead.
 */
export async function startServer(folder, dicomPort, env) {
  const port = await freePort();
  const child = spawn(PROGRAM, ['serve'], {
    env: {
      ...process.env,
      DATA_DIR: join(folder, 'data'),
      PORT: String(port),
      DICOM_PORT: String(dicomPort),
      STUDY_QUIET_SECONDS: '1',
      INFERENCE_DEVICE: 'cpu',
      LOG_LEVEL: 'error',
      DATABASE_URL: '',
      PACS_FILE: '',
      RULES_FILE: '',
      WRITE_BACK: 'true',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const server = { child, url: `http://127.0.0.1:${port}`, log: '', seconds: 0 };
  child.stderr.on('data', (chunk) => {
    server.log = (server.log + chunk).slice(-4000);
  });
  server.seconds = await untilItAnswers(server);
  return server;
}

/** @returns the seconds until it answers from its database. @throws where it has ended, or answers nothing for two minutes. */
export async function untilItAnswers(server) {
  const began = performance.now();
  for (;;) {
    const answer = await ask(server, '{ studies(first: 1) { nodes { id } } }').catch(() => null);
    const seconds = (performance.now() - began) / 1000;
    if (answer?.data) return seconds;
    if (server.child.exitCode !== null)
      throw new Error(`The server ended by itself with ${server.child.exitCode}: ${server.log}`);
    if (seconds * 1000 > ANSWERS_WITHIN_MS) throw new Error(`The server does not answer again: ${server.log}`);
    await sleep(50);
  }
}

export async function kill(server, signal = 'SIGKILL') {
  if (server.child.exitCode !== null || server.child.signalCode !== null) return;
  server.child.kill(signal);
  await once(server.child, 'exit');
}

/** @returns the answer to a query; errors in it are the caller's. */
export async function ask({ url }, query, variables = {}) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  });
  return answer.json();
}
