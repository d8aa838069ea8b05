// From a study that arrives to its answer in the archive, with a real Orthanc at both ends, and a backlog drained. Prints
// Markdown; docs/auto-classification-speed.md is its output. Options: --studies N (one after another), --backlog N.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { storeInstances } from '../dist/pacs/dimse/storeInstances.js';
import { phantomVolume } from '../dist/sample/phantom.js';
import { cpuByThread, cpuOf, cpuOfAll } from './setup/cpuTime.mjs';
import { freePort } from './setup/freePort.mjs';
import { answering, findReports, startOrthanc } from './setup/orthanc.mjs';
import { writePhantomStudy } from './setup/phantomStudy.mjs';
import { median, percentile } from './setup/quantiles.mjs';

const { values } = parseArgs({
  options: { studies: { type: 'string', default: '20' }, backlog: { type: 'string', default: '200' } },
});
const QUIET_SECONDS = 2;
const SLICES = 30;
const SENDERS = 8;
const SETTLED_MS = 5000;
const URGENT_STATION = 'ER1';
const WARM_UP = 100; // queries: the first ones wait for the compiler
const folder = mkdtempSync(join(tmpdir(), 'mrimaster-bench-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const head = phantomVolume(7, SLICES);
const orthanc = await startOrthanc(folder);
children.add(orthanc.child);
const server = await startServer();
console.log(`# Speed of auto-classification

Printed by \`npm run bench -- auto\`: ${cpus().length} cores, Node ${process.version}. Studies of ${SLICES} MR slices sent by C-STORE, STUDY_QUIET_SECONDS=${QUIET_SECONDS}; Orthanc has them, is asked whether they are whole, and gets the answers.
`);
await latency(Number(values.studies));
await backlog(Number(values.backlog));
process.exit();

/** From the acknowledgement of the last instance until the report can be read in the archive. */
async function latency(count) {
  const seconds = [];
  for (let index = 0; index < count; index++) {
    const study = writePhantomStudy(folder, `latency-${index}`, head);
    await send(orthanc.dicom, study.paths);
    await send(server.dicom, study.paths);
    const acknowledged = performance.now();
    while (!(await hasReport(study.uid))) await sleep(20);
    seconds.push((performance.now() - acknowledged) / 1000);
  }
  console.log(`## One study after another

Last instance acknowledged → structured report readable in Orthanc, ${count} studies, in seconds beyond the quiet time: median ${(median(seconds) - QUIET_SECONDS).toFixed(2)}, p95 ${(percentile(seconds, 0.95) - QUIET_SECONDS).toFixed(2)} (target ≤ 3).
`);
}

/** Slices a second while a backlog drains, beside what ONNX Runtime alone does with the same graph in batches as large. */
async function backlog(count) {
  await sleep(SETTLED_MS); // what the studies before left to do
  await queryTimes(WARM_UP);
  const idle = await queryTimes(400);
  const studies = Array.from({ length: count }, (_, index) => writePhantomStudy(folder, `backlog-${index}`, head));
  const bare = await bareRate();
  for (const { paths } of studies) await send(orthanc.dicom, paths);
  const unsent = [...studies];
  const sendOn = async () => {
    for (let study = unsent.pop(); study; study = unsent.pop()) await send(server.dicom, study.paths);
  };
  await Promise.all(Array.from({ length: SENDERS }, sendOn));
  while ((await jobs()) < 1) await sleep(50);
  const began = performance.now();
  const before = await predictions();
  const cpuBefore = cpuTimes();
  const urgent = sendUrgent();
  const busy = [];
  while ((await waiting(studies)) > 0) {
    busy.push(...(await queryTimes(4)));
    await sleep(100);
  }
  const seconds = (performance.now() - began) / 1000;
  const cpu = cpuTimes();
  const slices = (await predictions()) - before;
  const rate = slices / seconds;
  const p95 = (times) => percentile(times, 0.95);
  const each = (key) => `${((1000 * (cpu[key] - cpuBefore[key])) / slices).toFixed(1)}`;
  console.log(`## ${count} studies at once

| | slices/s | |
|---|--:|---|
| ONNX Runtime alone, batches of 8, all cores, each slice once | ${bare.rate.toFixed(0)} | |
| MRIMaster, from files to stored answers, each slice also left for right | ${rate.toFixed(0)} | ${(rate / bare.rate).toFixed(2)} × (target ≥ 0.85) |

The CPU time of a slice meanwhile, ms; ONNX Runtime alone takes ${bare.cpuMs.toFixed(1)}:

| what | |
|---|--:|
| threads that decode, preprocess and compute, maps for the reports too | ${each('low')} |
| the main thread: queue, database, reports, pictures, queries | ${each('main')} |
| other threads of the server: files, garbage collection | ${each('other')} |
| PostgreSQL | ${each('postgres')} |
| Orthanc, which is asked and given the reports | ${each('orthanc')} |

A dashboard query meanwhile: p95 ${p95(busy).toFixed(0)} ms, ${(p95(busy) / p95(idle)).toFixed(1)} × its idle ${p95(idle).toFixed(0)} ms (target ≤ 2).

A study that a rule calls STAT, sent when the backlog is queued: its report is readable ${(await urgent).toFixed(1)} s after its last instance, quiet time included; the backlog took ${seconds.toFixed(1)} s.`);
}

/** @returns seconds from its last instance to its report. */
async function sendUrgent() {
  const { paths, uid } = writePhantomStudy(folder, 'urgent', head, { StationName: URGENT_STATION });
  await send(orthanc.dicom, paths);
  await send(server.dicom, paths);
  const began = performance.now();
  while (!(await hasReport(uid))) await sleep(50);
  return (performance.now() - began) / 1000;
}

/** Seconds of CPU until now. */
function cpuTimes() {
  const postgres = Number.parseInt(readFileSync(join(folder, 'data/postgres/postmaster.pid'), 'utf8'), 10);
  return { ...cpuByThread(server.pid), postgres: cpuOfAll(postgres), orthanc: cpuOf(orthanc.child.pid) };
}

async function bareRate() {
  const [version] = readdirSync(fileURLToPath(new URL('../models/brain-mri', import.meta.url)))
    .sort()
    .reverse();
  const session = await InferenceSession.create(
    fileURLToPath(new URL(`../models/brain-mri/${version}/model.onnx`, import.meta.url)),
  );
  const side = 160;
  const input = new Tensor(
    'float32',
    Float32Array.from({ length: 8 * 3 * side * side }, (_, at) => Math.sin(at)),
    [8, 3, side, side],
  );
  const name = session.inputNames[0];
  for (let warm = 0; warm < 3; warm++) await session.run({ [name]: input });
  const began = performance.now();
  const before = process.cpuUsage();
  const rounds = 25;
  for (let round = 0; round < rounds; round++) await session.run({ [name]: input });
  const { user, system } = process.cpuUsage(before);
  const slices = rounds * 8;
  return { rate: slices / ((performance.now() - began) / 1000), cpuMs: (user + system) / 1000 / slices };
}

async function ask(query) {
  const headers = { 'content-type': 'application/json' };
  return (
    await (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).json()
  ).data;
}
async function queryTimes(count) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await ask('{ studies(first: 20) { nodes { status finding { label confidence } } } }');
    times.push(performance.now() - began);
  }
  return times;
}
async function all(fields) {
  return (await ask(`{ studies(first: 500) { nodes { studyInstanceUid ${fields} } } }`)).studies.nodes;
}
async function jobs() {
  return (await all('jobs { id }')).filter((study) => study.jobs.length > 0).length;
}
async function waiting(studies) {
  const uids = new Set(studies.map(({ uid }) => uid));
  return (await all('status')).filter(
    ({ studyInstanceUid, status }) => uids.has(studyInstanceUid) && status !== 'CLASSIFIED',
  ).length;
}
async function predictions() {
  const uids = (await all('')).map(({ studyInstanceUid }) => studyInstanceUid);
  const query = (uid) =>
    `{ study(studyInstanceUid: "${uid}") { slices(first: 60) { nodes { prediction { status } } } } }`;
  const counted = await Promise.all(uids.map((uid) => ask(query(uid))));
  return counted.flatMap(({ study }) => study.slices.nodes).filter(({ prediction }) => prediction).length;
}

async function hasReport(uid) {
  return (await findReports(orthanc, uid)).length > 0;
}

async function send(peer, paths) {
  const failed = (await storeInstances(peer, paths)).find(({ failure }) => failure);
  if (failed) throw failed.failure;
}

async function startServer() {
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const rules = join(folder, 'rules.json');
  const mr = { modality: 'MR' };
  const urgent = { name: 'emergency', when: { ...mr, station: URGENT_STATION }, priority: 'STAT' };
  writeFileSync(rules, JSON.stringify([urgent, { name: 'MR', when: mr }]));
  const arrivals = {
    RULES_FILE: rules,
    STUDY_QUIET_SECONDS: String(QUIET_SECONDS),
    PACS_URL: `${orthanc.url}/dicom-web`,
    WRITE_BACK: 'true',
  };
  const places = { DATA_DIR: join(folder, 'data'), PORT: String(httpPort), DICOM_PORT: String(dicomPort) };
  const env = {
    ...process.env,
    ...arrivals,
    ...places,
    LOG_LEVEL: 'warn',
    DATABASE_URL: '',
    PACS_FILE: '',
    INFERENCE_DEVICE: 'cpu',
  };
  const { pid } = run(fileURLToPath(new URL('../bin/mrimaster.js', import.meta.url)), ['serve'], { env });
  const url = `http://127.0.0.1:${httpPort}`;
  await answering(`${url}/graphql?query=%7B__typename%7D`, { 'apollo-require-preflight': 'true' });
  const dicom = { host: '127.0.0.1', port: dicomPort, calledAeTitle: 'MRIMASTER', callingAeTitle: 'BENCH' };
  return { url, pid, dicom };
}

function run(command, args, options) {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  children.add(child);
  return child;
}
