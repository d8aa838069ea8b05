// kill -9 at random moments: of the server while studies come, settle, are classified and written back, sometimes of
// PostgreSQL below it. What was not acknowledged is sent again, as an archive does. In the end every study has one answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { storeInstances } from '../../dist/pacs/dimse/storeInstances.js';
import { makeUid } from '../../dist/pacs/implementation.js';
import { writeInstance } from '../../dist/pacs/writeInstance.js';
import { PHANTOM_PIXEL_SPACING, phantomVolume } from '../../dist/sample/phantom.js';
import { createRandom } from '../fuzz/random.mjs';

const SLICES = 12;
const LONGEST_LIFE_MS = 5000;
const SETTLED_WITHIN_MS = 120_000;

/** `rounds` lives of a server on `folder`. @returns complaints, and the seconds that each start took to serve. */
export async function killRounds(folder, rounds, onProgress = () => {}) {
  const random = createRandom('kills');
  const head = phantomVolume(11, SLICES);
  const studies = [];
  const recoveries = [];
  const dicomPort = await freePort();
  let unsent = [];
  for (let round = 0; round < rounds; round++) {
    const server = await start(folder, dicomPort);
    recoveries.push(server.seconds);
    const study = writeStudy(folder, `round-${round}`, head);
    studies.push(study.uid);
    unsent.push(study);
    const sending = sendAll(dicomPort, unsent);
    await sleep(random.below(LONGEST_LIFE_MS));
    if (random.once(4)) killDatabase(folder);
    if (random.once(5)) await sleep(300);
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    unsent = await sending;
    onProgress(round + 1);
  }
  const server = await start(folder, dicomPort);
  recoveries.push(server.seconds);
  unsent = await sendAll(dicomPort, unsent);
  const complaints = unsent.map(({ uid }) => `${uid}: it could not be sent to a server that nobody kills`);
  complaints.push(...(await judge(server.url, studies)));
  server.child.kill('SIGTERM');
  await once(server.child, 'exit');
  return { complaints, recoveries };
}

/** Sends each until it is acknowledged, or the server is gone. @returns those that have to be sent again. */
async function sendAll(port, studies) {
  const unsent = [];
  for (const study of studies) {
    const peer = { host: '127.0.0.1', port, calledAeTitle: 'MRIMASTER', callingAeTitle: 'CHAOS', attempts: 1 };
    const stored = await storeInstances(peer, study.paths).catch(() => null);
    if (!stored || stored.some(({ failure }) => failure)) unsent.push(study);
  }
  return unsent;
}

async function judge(url, uids) {
  const fields =
    'studyInstanceUid status revision completeness { receivedInstances } jobs { kind status } slices(first: 100) { nodes { predictions { id } } }';
  const read = async () => {
    const found = [];
    for (const uid of uids) {
      const query = `{ study(studyInstanceUid: "${uid}") { ${fields} } }`;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
      found.push((await answer.json()).data?.study);
    }
    return found;
  };
  const done = (study) =>
    study && study.status === 'CLASSIFIED' && study.jobs.every(({ status }) => status === 'SUCCEEDED');
  let found = await read();
  for (
    const deadline = Date.now() + SETTLED_WITHIN_MS;
    !found.every(done) && Date.now() < deadline;
    found = await read()
  )
    await sleep(500);
  return found.flatMap((study, index) => {
    const uid = uids[index];
    if (!study) return [`${uid}: lost`];
    const wrong = [];
    if (!done(study)) wrong.push(`${uid}: stuck in ${study.status}`);
    if (study.completeness.receivedInstances !== SLICES)
      wrong.push(`${uid}: ${study.completeness.receivedInstances} of ${SLICES} instances`);
    if (study.slices.nodes.some(({ predictions }) => predictions.length !== 1))
      wrong.push(`${uid}: a slice without exactly one prediction`);
    const classified = study.jobs.filter(({ kind }) => kind === 'classify-study').length;
    if (classified > study.revision) wrong.push(`${uid}: ${classified} jobs for ${study.revision} revisions`);
    return wrong;
  });
}

async function start(folder, dicomPort) {
  const began = performance.now();
  const port = await freePort();
  const env = {
    ...process.env,
    DATA_DIR: join(folder, 'data'),
    PORT: String(port),
    DICOM_PORT: String(dicomPort),
    STUDY_QUIET_SECONDS: '1',
    INFERENCE_DEVICE: 'cpu',
    LOG_LEVEL: 'error',
    DATABASE_URL: '',
    PACS_URL: '',
    PACS_FILE: '',
    RULES_FILE: '',
  };
  const child = spawn(fileURLToPath(new URL('../../bin/mrimaster.js', import.meta.url)), ['serve'], {
    env,
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  const query = `${url}/graphql?query=%7B__typename%7D`;
  for (;;) {
    const answer = await fetch(query, { headers: { 'apollo-require-preflight': 'true' } }).catch(() => null);
    if (answer?.ok) break;
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode} at its start`);
    await sleep(50);
  }
  return { child, url, seconds: (performance.now() - began) / 1000 };
}

function killDatabase(folder) {
  try {
    process.kill(Number.parseInt(readFileSync(join(folder, 'data/postgres/postmaster.pid'), 'utf8'), 10), 'SIGKILL');
  } catch {} // gone already
}

function writeStudy(folder, name, head) {
  const target = join(folder, name);
  mkdirSync(target);
  const uid = (what) => makeUid(`chaos ${name}: ${what}`);
  const paths = head.map(({ rows, columns, pixels, z }, index) => {
    const path = join(target, `${index}.dcm`);
    const image = {
      Rows: rows,
      Columns: columns,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      BitsAllocated: 16,
      BitsStored: 12,
      HighBit: 11,
      PixelRepresentation: 0,
    };
    const place = {
      ImagePositionPatient: [0, 0, Number(z.toFixed(3))],
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      PixelSpacing: [...PHANTOM_PIXEL_SPACING],
    };
    const what = {
      Modality: 'MR',
      SeriesDescription: 'T1 axial + C',
      BodyPartExamined: 'HEAD',
      ImageType: ['ORIGINAL', 'PRIMARY', 'M'],
      RepetitionTime: 500,
      EchoTime: 12,
      ScanningSequence: 'SE',
    };
    const uids = {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      SOPInstanceUID: uid(`slice ${index}`),
      StudyInstanceUID: uid('study'),
      SeriesInstanceUID: uid('series'),
    };
    const pixelData = { PixelData: [pixels.slice().buffer], _vrMap: { PixelData: 'OW' } };
    writeFileSync(
      path,
      writeInstance({ ...uids, ...what, ...place, ...image, InstanceNumber: index + 1, ...pixelData }),
    );
    return path;
  });
  return { uid: uid('study'), paths };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
