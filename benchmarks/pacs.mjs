// Receiving by C-STORE, side by side in one run: the whole of `mrimaster serve` (each object flushed to the disk and
// recorded in PostgreSQL before it is acknowledged), DCMTK's storescp --fork and Orthanc, which flush nothing, all sent the
// same files by four of DCMTK's storescu at once. Then the memory of `mrimaster serve` over 5,000 instances. Prints Markdown;
// docs/pacs-speed.md is its output. Options: --instances N (of the comparison), --memory N.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeInstance } from '../dist/pacs/write/writeInstance.js';
import { freePort } from './setup/freePort.mjs';
import { median } from './setup/quantiles.mjs';

const { values } = parseArgs({
  options: { instances: { type: 'string', default: '400' }, memory: { type: 'string', default: '5000' } },
});
const SENDERS = 4;
const ROUNDS = 3;
const SIDE = { comparison: 512, memory: 128 };
const folder = mkdtempSync(join(tmpdir(), 'mrimaster-bench-'));
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const comparison = writeObjects('comparison', Number(values.instances), SIDE.comparison);
const receivers = { 'mrimaster serve': startMrimaster, 'storescp --fork': startStorescp, Orthanc: startOrthanc };
const times = Object.fromEntries(Object.keys(receivers).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++)
  for (const [name, start] of Object.entries(receivers)) times[name].push(await measure(start, comparison));

const megabytes = comparison.bytes / 1e6;
const seconds = Object.fromEntries(
  Object.entries(times).map(([name, all]) => [name, median(all.map((one) => one.seconds))]),
);
const own = seconds['mrimaster serve'];
console.log(`# Speed of receiving

Printed by \`npm run bench -- pacs\`: ${cpus().length} cores, Node ${process.version}. ${values.instances} objects of ${(megabytes / values.instances).toFixed(2)} MB over ${SENDERS} associations at once, the median of ${ROUNDS} rounds in turns, each into an empty store.

| receiver | seconds | MB/s | objects/s | our rate to its | target |
|---|--:|--:|--:|--:|---|`);
const targets = { 'storescp --fork': '≥ 1', Orthanc: '≥ 2' };
for (const [name, time] of Object.entries(seconds)) {
  const cells = [
    name,
    time.toFixed(2),
    (megabytes / time).toFixed(0),
    (values.instances / time).toFixed(0),
    name in targets ? (time / own).toFixed(2) : '',
    targets[name] ?? '',
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
rmSync(comparison.folder, { recursive: true });
await measureMemory(writeObjects('memory', Number(values.memory), SIDE.memory));

async function measure(start, objects) {
  const receiver = await start();
  const began = performance.now();
  await send(receiver, objects);
  const result = { seconds: (performance.now() - began) / 1000 };
  await receiver.stop();
  return result;
}

async function measureMemory(objects) {
  const receiver = await startMrimaster();
  const samples = [];
  const timer = setInterval(() => samples.push(rss(receiver.pid)), 250);
  await send(receiver, objects);
  clearInterval(timer);
  await receiver.stop();
  const tenths = Array.from({ length: 10 }, (_, index) =>
    Math.max(
      ...samples.slice(Math.floor((index * samples.length) / 10), Math.floor(((index + 1) * samples.length) / 10)),
    ),
  );
  console.log(`
## Memory

Resident memory of \`mrimaster serve\`, model and database client included, while ${values.memory} objects of ${(objects.bytes / values.memory / 1e3).toFixed(0)} kB arrive: the highest of each tenth, in MB.

${tenths.map((bytes) => (bytes / 1e6).toFixed(0)).join(', ')}`);
}

/** As four modalities would have sent them: a study each. */
function writeObjects(name, count, side) {
  const base = join(folder, name);
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const sender = index % SENDERS;
    const target = join(base, String(sender));
    mkdirSync(target, { recursive: true });
    const pixels = Uint16Array.from({ length: side * side }, (_, at) => (at * 31 + index * 17) & 0xfff);
    const object = writeInstance({
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      SOPInstanceUID: `1.2.826.0.1.3680043.9.${side}.${index + 1}`,
      StudyInstanceUID: `1.2.826.0.1.3680043.8.${side}.${sender + 1}`,
      SeriesInstanceUID: `1.2.826.0.1.3680043.7.${side}.${sender + 1}`,
      Modality: 'MR',
      PatientName: 'BENCH^MARK',
      PatientID: String(sender),
      SeriesDescription: 'AX T1',
      InstanceNumber: String(index + 1),
      Rows: side,
      Columns: side,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      BitsAllocated: 16,
      BitsStored: 12,
      HighBit: 11,
      PixelRepresentation: 0,
      PixelData: pixels.buffer,
      _vrMap: { PixelData: 'OW' },
    });
    writeFileSync(join(target, `${index}.dcm`), object);
    bytes += object.length;
  }
  return { folder: base, bytes };
}

async function send({ port, aeTitle }, objects) {
  const senders = Array.from({ length: SENDERS }, async (_, index) => {
    const args = ['-aec', aeTitle, '+sd', '127.0.0.1', String(port), join(objects.folder, String(index))];
    const code = await ended(run('storescu', args));
    if (code !== 0) throw new Error(`storescu ended with ${code}`);
  });
  await Promise.all(senders);
}

async function startMrimaster() {
  const port = await freePort();
  const dataDir = mkdtempSync(join(folder, 'data-'));
  const env = {
    ...process.env,
    DATA_DIR: dataDir,
    PORT: '0',
    DICOM_PORT: String(port),
    LOG_LEVEL: 'warn',
    DATABASE_URL: '',
    PACS_URL: '',
    PACS_FILE: '',
    INFERENCE_DEVICE: 'cpu',
  };
  return listening(
    run(fileURLToPath(new URL('../bin/mrimaster.js', import.meta.url)), ['serve'], { env }),
    port,
    'MRIMASTER',
    dataDir,
  );
}

async function startStorescp() {
  const port = await freePort();
  const target = mkdtempSync(join(folder, 'scp-'));
  return listening(run('storescp', ['--fork', '-od', target, String(port)]), port, 'STORESCP', target);
}

async function startOrthanc() {
  const [port, httpPort] = [await freePort(), await freePort()];
  const target = mkdtempSync(join(folder, 'orthanc-'));
  const settings = {
    StorageDirectory: target,
    IndexDirectory: target,
    HttpPort: httpPort,
    DicomPort: port,
    DicomAet: 'ORTHANC',
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
  };
  writeFileSync(join(target, 'orthanc.json'), JSON.stringify(settings));
  const program = ['/usr/sbin/Orthanc', '/usr/local/sbin/Orthanc'].find(existsSync) ?? 'Orthanc';
  return listening(run(program, [join(target, 'orthanc.json')]), port, 'ORTHANC', target);
}

async function listening(child, port, aeTitle, target) {
  for (let attempt = 0; (await ended(run('echoscu', ['-aec', aeTitle, '127.0.0.1', String(port)]))) !== 0; attempt++) {
    if (attempt > 150 || child.exitCode !== null) throw new Error(`${child.spawnargs[0]} does not listen`);
    await sleep(200);
  }
  const stop = async () => {
    const gone = ended(child);
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(timer);
    rmSync(target, { recursive: true, force: true });
  };
  return { port, aeTitle, pid: child.pid, stop };
}

function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => child.once('exit', resolve));
}

function rss(pid) {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) * 1024;
}
