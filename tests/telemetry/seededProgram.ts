import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import { type Answer, type Ask, client, type Spawned, sampleFiles, spawnProgram, until } from '../setup/program.js';
import { RELATED, relatedBody } from '../setup/related.js';
import { startArchive } from '../setup/webArchive.js';

/** Part of every patient's, physician's and institution's text in the study, and of what callers write. */
export const SEED = 'QZVX';

const SEEDED: [string, string][] = [
  ['SYNTHETIC^PHANTOM', `${SEED}NAME^${SEED}NAME`],
  ['SYNTHETIC PHANTOM - no patient', `${SEED}DESC`.padEnd(30, 'V')],
  ['Synthetic phantom', `${SEED}MAKER`.padEnd(17, 'V')],
  ['SYNTHETIC', `${SEED}IDENT`], // PatientID, AccessionNumber, SeriesDescription
];

export type SeededProgram = Spawned & {
  ask: Ask;
  uids: string[];
  dicomPort: number;
  /** Ends the server; its log is whole then. */
  stop(): Promise<void>;
};

/**
 * A server that has received the sample study, its fields full of seeds, by C-STORE and by STOW-RS, with a slice that
 * cannot be decoded; has classified it, and written the answer back to an archive that keeps whatever it is sent.
 */
export async function startSeeded(folder: string, env: Record<string, string>): Promise<SeededProgram> {
  const { studyInstanceUid, paths } = await sampleFiles(folder);
  for (const path of paths) await seed(path);
  const archive = await startArchive([]);
  const spawned = await spawnProgram({
    DATA_DIR: join(folder, 'data'),
    PACS_URL: archive.url,
    WRITE_BACK: 'true',
    STUDY_QUIET_SECONDS: '1',
    STUDY_DEADLINE_SECONDS: '2',
    LOG_LEVEL: 'debug',
    ...env,
  });
  const dicomPort = Number(/DICOM: \S+ at [\d.]+:(\d+)/.exec(spawned.log())?.[1]);
  const ask = client(spawned.url);
  const peer = { host: '127.0.0.1', port: dicomPort, callingAeTitle: 'SCANNER', calledAeTitle: 'MRIMASTER' };
  await storeInstances({ ...peer, tls: undefined }, paths.slice(1));
  await stow(spawned.url, await readFile(paths[0] as string));
  const study = await until(
    async () => (await ask(STUDY, { studyInstanceUid })).data.study,
    (one) => one?.reports.length === 2 && one.reports.every(({ storedAt }: Answer) => storedAt !== null),
  );
  const uids = [studyInstanceUid, ...study.series.map((series: Answer) => series.seriesInstanceUid)];
  uids.push(...study.slices.nodes.map((slice: Answer) => slice.sopInstanceUid));
  uids.push(...study.reports.map((report: Answer) => report.sopInstanceUid));
  const stop = async () => {
    spawned.child.kill('SIGTERM');
    if (spawned.child.exitCode === null) await once(spawned.child, 'exit');
    archive.close();
  };
  return { ...spawned, ask, uids, dicomPort, stop };
}

const STUDY = `query ($studyInstanceUid: DicomUid!) { study(studyInstanceUid: $studyInstanceUid) {
  reports { storedAt sopInstanceUid } series { seriesInstanceUid } slices(first: 100) { nodes { sopInstanceUid } } } }`;

/** Texts of the same length; and the first slice of the head is cut off half-way. */
async function seed(path: string): Promise<void> {
  let bytes = (await readFile(path)).toString('latin1');
  for (const [text, seeded] of SEEDED) bytes = bytes.replaceAll(text, seeded);
  if (path.endsWith('anatomy-01.dcm')) bytes = bytes.slice(0, -60_000);
  await writeFile(path, bytes, 'latin1');
}

/** Sends objects by STOW-RS. */
export function stow(url: string, ...files: Uint8Array[]): Promise<Response> {
  const request = { method: 'POST', headers: { 'content-type': RELATED }, body: relatedBody(files) };
  return fetch(`${url}/dicom-web/studies`, request);
}

/** Takes whatever is stored, and refuses all searches. */
