import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { median, percentile } from '../setup/quantiles.mjs';
import { startServer } from './child.mjs';
import { createClient } from './client.mjs';

const HONEST_EVERY_MS = 20;
const ALONE_MS = 10_000;
const WARM_UP = 200;
const WORKLIST = `query Worklist { studies(first: 20) { nodes { studyInstanceUid studyDate status
  finding { label confidence abstained } } pageInfo { endCursor } } }`;

/** What honest callers wait for while others ask for what must not be answered. */
export async function measureHostile(env, { hostile, rounds }) {
  const server = await startServer('mrimaster', env);
  const client = createClient(server.url, 8);
  for (let warm = 0; warm < WARM_UP; warm++) await client.ask(WORKLIST);
  await attack({ url: server.url, count: 100, everyMs: HONEST_EVERY_MS }); // the compiler has seen these, too
  console.log(`## Honest callers among hostile ones

A worklist of 20 studies is asked for every ${HONEST_EVERY_MS} ms; before, as long, without hostile requests, then with ${hostile} of them, each kind as often as any other: one for each honest request, and as fast as 4 connections get answers. The median of ${rounds} rounds. Clients and server share the cores.

| hostile requests | a second | honest p95 alone, ms | among them, ms | |
|---|--:|--:|--:|---|`);
  const paced = await compare(server.url, client, { hostile, rounds, everyMs: HONEST_EVERY_MS });
  const target = paced.ratio <= 2 ? 'met' : 'missed';
  console.log(`| one for each | ${paced.figures} (target ≤ 2: ${target}) |`);
  console.log(`| as fast as they can | ${(await compare(server.url, client, { hostile, rounds, everyMs: 0 })).figures} |
`);
  console.log(`All ${paced.asked} honest ones were answered. Load of the machine: ${loadavg()[0].toFixed(1)}. Of the first kind:

| hostile | HTTP | median ms |
|---|---|--:|
${paced.kinds.join('\n')}
`);
  client.close();
  await server.stop();
}

async function compare(url, client, { hostile, rounds, everyMs }) {
  const p95s = { alone: [], among: [] };
  const kinds = new Map();
  const rates = [];
  let asked = 0;
  for (let round = 0; round < rounds; round++) {
    p95s.alone.push(percentile(await honest(client, sleep(ALONE_MS)), 0.95));
    const began = performance.now();
    const attacking = attack({ url, count: hostile, everyMs });
    const times = await honest(client, attacking);
    rates.push(hostile / ((performance.now() - began) / 1000));
    p95s.among.push(percentile(times, 0.95));
    asked += times.length;
    for (const { kind, status, ms } of await attacking) {
      const seen = kinds.get(kind) ?? { statuses: new Set(), times: [] };
      seen.statuses.add(status);
      seen.times.push(ms);
      kinds.set(kind, seen);
    }
  }
  const [alone, among] = [median(p95s.alone), median(p95s.among)];
  const ratio = among / alone;
  const rows = [...kinds].map(
    ([kind, { statuses, times }]) => `| ${kind} | ${[...statuses].join(', ')} | ${median(times).toFixed(0)} |`,
  );
  const figures = `${median(rates).toFixed(0)} | ${alone.toFixed(1)} | ${among.toFixed(1)} | ${ratio.toFixed(2)} ×`;
  return { asked, figures, kinds: rows, ratio };
}

/** At a fixed rate, whatever the answers take, until \`ended\`. @returns milliseconds of each. */
async function honest(client, ended) {
  let going = true;
  ended.then(() => {
    going = false;
  });
  const answers = [];
  for (let next = performance.now(); going; next += HONEST_EVERY_MS) {
    answers.push(client.ask(WORKLIST));
    await sleep(Math.max(0, next + HONEST_EVERY_MS - performance.now()));
  }
  return (await Promise.all(answers)).map(({ ms }) => ms);
}

/** In a thread of its own, so that the honest client's clock is not held up. */
function attack(workerData) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('attack.mjs', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
  });
}
