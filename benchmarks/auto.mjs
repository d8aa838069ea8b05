// From a study that arrives to its answer in the archive, with a real Orthanc at both ends, and a backlog drained. Prints
// Markdown; docs/auto-classification-speed.md is its output. Options: --studies N (one after another), --backlog N.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { storeInstances } from '../dist/pacs/dimse/storeInstances.js';
import { makeUid } from '../dist/pacs/implementation.js';
import { writeInstance } from '../dist/pacs/writeInstance.js';
import { PHANTOM_PIXEL_SPACING, phantomVolume } from '../dist/sample/phantom.js';

const { values } = parseArgs({
  options: { studies: { type: 'string', default: '20' }, backlog: { type: 'string', default: '40' } },
});
const QUIET_SECONDS = 2;
const SLICES = 30;
const SENDERS = 8;
const folder = mkdtempSync(join(tmpdir(), 'mrimaster-bench-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const head = phantomVolume(7, SLICES);
const orthanc = await startOrthanc();
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
    const study = writeStudy(`latency-${index}`);
    await send(orthanc.dicom, study.paths);
    await send(server.dicom, study.paths);
    const acknowledged = performance.now();
    while (!(await hasReport(study.uid))) await sleep(20);
    seconds.push((performance.now() - acknowledged) / 1000);
  }
  seconds.sort((a, b) => a - b);
  const at = (share) => seconds[Math.min(seconds.length - 1, Math.ceil(share * seconds.length) - 1)];
  console.log(`## One study after another

Last instance acknowledged → structured report readable in Orthanc, ${count} studies, in seconds beyond the quiet time: median ${(at(0.5) - QUIET_SECONDS).toFixed(2)}, p95 ${(at(0.95) - QUIET_SECONDS).toFixed(2)} (target ≤ 3).
`);
}

/** Slices a second while a backlog drains, beside what ONNX Runtime alone does with the same graph in batches as large. */
async function backlog(count) {
  const idle = await queryTimes(40);
  const studies = Array.from({ length: count }, (_, index) => writeStudy(`backlog-${index}`));
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
  const busy = [];
  while ((await waiting(studies)) > 0) {
    busy.push(...(await queryTimes(4)));
    await sleep(100);
  }
  const rate = ((await predictions()) - before) / ((performance.now() - began) / 1000);
  const p95 = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)];
  console.log(`## ${count} studies at once

| | slices/s | |
|---|--:|---|
| ONNX Runtime alone, batches of 8, all cores | ${bare.toFixed(0)} | |
| MRIMaster, from files to stored answers | ${rate.toFixed(0)} | ${(rate / bare).toFixed(2)} × (target ≥ 0.85) |

A dashboard query meanwhile: p95 ${p95(busy).toFixed(0)} ms, ${(p95(busy) / p95(idle)).toFixed(1)} × its idle ${p95(idle).toFixed(0)} ms (target ≤ 2).`);
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
  const rounds = 25;
  for (let round = 0; round < rounds; round++) await session.run({ [name]: input });
  return (rounds * 8) / ((performance.now() - began) / 1000);
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
  const counted = await all(
    'finding { sliceCounts { count } } series { eligible } slices(first: 60) { nodes { prediction { status } } }',
  );
  return counted.flatMap(({ slices }) => slices.nodes).filter(({ prediction }) => prediction).length;
}

async function hasReport(uid) {
  const found = await fetch(`${orthanc.url}/tools/find`, {
    method: 'POST',
    body: JSON.stringify({ Level: 'Series', Query: { StudyInstanceUID: uid, Modality: 'SR' } }),
  });
  return (await found.json()).length > 0;
}

/** A computed head as a study of its own: T1 axial, as the model wants it. */
function writeStudy(name) {
  const target = join(folder, name);
  mkdirSync(target);
  const uid = (what) => makeUid(`benchmark ${name}: ${what}`);
  const paths = head.map(({ rows, columns, pixels, z }, index) => {
    const path = join(target, `${index}.dcm`);
    const object = {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      SOPInstanceUID: uid(`slice ${index}`),
      StudyInstanceUID: uid('study'),
      SeriesInstanceUID: uid('series'),
      Modality: 'MR',
      SeriesDescription: 'T1 axial + C',
      BodyPartExamined: 'HEAD',
      PatientName: 'BENCH^MARK',
      PatientID: name,
      SeriesNumber: 1,
      InstanceNumber: index + 1,
      ScanningSequence: 'SE',
      RepetitionTime: 500,
      EchoTime: 12,
      ImageType: ['ORIGINAL', 'PRIMARY', 'M'],
      ImagePositionPatient: [0, 0, Number(z.toFixed(3))],
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      PixelSpacing: [...PHANTOM_PIXEL_SPACING],
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      Rows: rows,
      Columns: columns,
      BitsAllocated: 16,
      BitsStored: 12,
      HighBit: 11,
      PixelRepresentation: 0,
      PixelData: [pixels.slice().buffer],
      _vrMap: { PixelData: 'OW' },
    };
    writeFileSync(path, writeInstance(object));
    return path;
  });
  return { uid: uid('study'), paths };
}

async function send(peer, paths) {
  const failed = (await storeInstances(peer, paths)).find(({ failure }) => failure);
  if (failed) throw failed.failure;
}

async function startOrthanc() {
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const store = mkdtempSync(join(folder, 'orthanc-'));
  const plugins = ['/usr/share/orthanc/plugins', '/usr/local/share/orthanc/plugins'].filter(existsSync);
  const settings = {
    StorageDirectory: store,
    IndexDirectory: store,
    HttpPort: httpPort,
    DicomPort: dicomPort,
    DicomAet: 'ORTHANC',
  };
  const open = {
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    Plugins: plugins,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  };
  writeFileSync(join(store, 'orthanc.json'), JSON.stringify({ ...settings, ...open }));
  run(
    ['/usr/sbin/Orthanc', '/usr/local/sbin/Orthanc'].find(existsSync) ?? 'Orthanc',
    [join(store, 'orthanc.json')],
    {},
  );
  const url = `http://127.0.0.1:${httpPort}`;
  await answering(`${url}/system`);
  return { url, dicom: { host: '127.0.0.1', port: dicomPort, calledAeTitle: 'ORTHANC', callingAeTitle: 'BENCH' } };
}

async function startServer() {
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const arrivals = {
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
  run(fileURLToPath(new URL('../bin/mrimaster.js', import.meta.url)), ['serve'], { env });
  const url = `http://127.0.0.1:${httpPort}`;
  await answering(`${url}/graphql?query=%7B__typename%7D`, { 'apollo-require-preflight': 'true' });
  return { url, dicom: { host: '127.0.0.1', port: dicomPort, calledAeTitle: 'MRIMASTER', callingAeTitle: 'BENCH' } };
}

async function answering(url, headers = {}) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(url, { headers }).catch(() => null);
    if (answer?.ok) return;
    await sleep(200);
  }
  throw new Error(`${url} does not answer`);
}

function run(command, args, options) {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  children.add(child);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
