import { loadavg } from 'node:os';
import { median } from '../setup/quantiles.mjs';
import { startServer } from './child.mjs';
import { createClient } from './client.mjs';

const CONNECTIONS = 8;
const WARM_UP = 60; // requests, for the compiler
const DASHBOARD = `query Dashboard { studies(first: 50) { nodes {
  id studyInstanceUid studyDate description status receivedAt
  slices(first: 20) { nodes { id sopInstanceUid frameNumber position rows columns
    prediction { id status label confidence createdAt probabilities { label probability } } } } } } }`;
const NAMES = {
  mrimaster: 'MRIMaster',
  apollo: 'Apollo Server, default set-up on Fastify',
  mercurius: 'Mercurius, jit: 1',
};

/** CPU time of one dashboard by three servers of one API, in turns. */
export async function measureDashboard(env, { rounds, requests }) {
  const servers = {};
  for (const variant of Object.keys(NAMES)) servers[variant] = await startServer(variant, env);
  const clients = Object.fromEntries(
    Object.entries(servers).map(([variant, { url }]) => [variant, createClient(url, CONNECTIONS)]),
  );
  const bytes = await sameAnswers(clients);
  console.log(`## A dashboard

50 studies × 20 slices × their prediction with the probability of each label, ${(bytes / 1000).toFixed(0)} kB: the CPU time of the server's whole process for a request. ${CONNECTIONS} connections, ${requests} requests a round, the median of ${rounds} rounds in turns. Each server has a process of its own, NODE_ENV=production, and the same schema, resolvers, context and database; their answers are the same byte for byte. In memory: each statement is made once, and its rows are kept, so that what is left is the server's own work. What MRIMaster does beside (rights, limits, audit) is in its figure.
`);
  for (const memory of [false, true]) await compare(servers, clients, { memory, rounds, requests });
  for (const { stop } of Object.values(servers)) await stop();
}

async function compare(servers, clients, { memory, rounds, requests }) {
  const cpu = Object.fromEntries(Object.keys(NAMES).map((variant) => [variant, []]));
  const times = Object.fromEntries(Object.keys(NAMES).map((variant) => [variant, []]));
  for (const [variant, { ask }] of Object.entries(servers)) {
    await ask('memory', memory);
    await clients[variant].repeat(WARM_UP, () => clients[variant].post(BODY));
  }
  for (let round = 0; round < rounds; round++)
    for (const [variant, { ask }] of Object.entries(servers)) {
      const before = await ask('cpu');
      const answers = await clients[variant].repeat(requests, () => clients[variant].post(BODY));
      const after = await ask('cpu');
      cpu[variant].push((after.user + after.system - before.user - before.system) / 1000 / requests);
      times[variant].push(...answers.map(({ ms }) => ms));
    }
  const ours = median(cpu.mrimaster);
  const rows = Object.keys(NAMES).map((variant) => {
    const theirs = median(cpu[variant]);
    const target = { apollo: 3, mercurius: 0.8 }[variant];
    const ratio = theirs / ours;
    const verdict = target ? `${ratio.toFixed(2)} × (≥ ${target}: ${ratio >= target ? 'met' : 'missed'})` : '';
    return `| ${NAMES[variant]} | ${theirs.toFixed(2)} | ${median(times[variant]).toFixed(0)} | ${verdict} |`;
  });
  console.log(`### ${memory ? 'Rows in memory' : 'With the database'}

| | CPU ms | median ms | theirs / ours |
|---|--:|--:|---|
${rows.join('\n')}

Load of the machine: ${loadavg()[0].toFixed(1)}.
`);
}

const BODY = Buffer.from(JSON.stringify({ query: DASHBOARD }));

async function sameAnswers(clients) {
  const bodies = await Promise.all(
    Object.values(clients).map(async ({ post }) => String((await post(BODY)).body).trimEnd()),
  );
  if (JSON.parse(bodies[0]).errors || new Set(bodies).size > 1)
    throw new Error('The servers do not answer the same: nothing is measured.');
  return bodies[0].length;
}
