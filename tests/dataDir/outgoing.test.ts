import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clearOutgoing } from '../../src/dataDir/outgoing.js';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import { sampleFiles, spawnProgram, temporaryFolder, until } from '../setup/program.js';
import { startArchive } from '../setup/webArchive.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
let outgoing: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  dataDir = join(folder.path, 'data');
  outgoing = join(dataDir, 'outgoing');
});
afterEach(() => folder.remove());

const onTheirWay = async () =>
  (await readdir(outgoing, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.dcm'));

/** A server that has classified a study and writes it back to an archive that does `store` with each object. */
async function startWriting(store: () => Promise<void>) {
  const archive = await startArchive([], { store });
  const env = {
    DATA_DIR: dataDir,
    PACS_URL: archive.url,
    WRITE_BACK: 'true',
    STUDY_QUIET_SECONDS: '1',
    STUDY_DEADLINE_SECONDS: '2',
  };
  const spawned = await spawnProgram(env);
  const port = Number(/DICOM: \S+ at [\d.]+:(\d+)/.exec(spawned.log())?.[1]);
  const { paths } = await sampleFiles(folder.path);
  const peer = { host: '127.0.0.1', port, callingAeTitle: 'SCANNER', calledAeTitle: 'MRIMASTER', tls: undefined };
  await storeInstances(peer, paths);
  return { archive, env, spawned };
}

it('a result lies on the disk while it is sent, and no longer', async () => {
  const seen: number[] = [];
  const { archive, spawned } = await startWriting(async () => {
    seen.push((await onTheirWay()).length);
  });
  await until(
    async () => seen.length,
    (count) => count >= 2,
  );
  expect(seen).toEqual([1, 1]); // the second object without the first
  await until(onTheirWay, (names) => names.length === 0);
  spawned.child.kill('SIGTERM');
  await once(spawned.child, 'exit');
  archive.close();
});

it('a result that a killed server was sending is gone when the next one runs', async () => {
  const { archive, env, spawned } = await startWriting(() => new Promise(() => {})); // keeps us waiting for ever
  await until(onTheirWay, (names) => names.length === 1);
  spawned.child.kill('SIGKILL');
  await once(spawned.child, 'exit');
  expect(await onTheirWay()).toHaveLength(1);
  const next = await spawnProgram({ ...env, WRITE_BACK: 'false', PACS_URL: '' });
  expect(await onTheirWay()).toEqual([]);
  next.child.kill('SIGTERM');
  await once(next.child, 'exit');
  archive.close();
});

it('what another living process sends stays', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  for (const name of [`result-${dead}-x`, `result-${process.ppid}-x`, `result-${process.pid}-x`, 'result-older'])
    await mkdir(join(outgoing, name), { recursive: true }).then(() => writeFile(join(outgoing, name, '1.dcm'), ''));
  await clearOutgoing(dataDir);
  expect(await readdir(outgoing)).toEqual([`result-${process.ppid}-x`]);
  await clearOutgoing(join(folder.path, 'never used'));
});
