import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFile, mrElements } from '../pacs/buildDicom.js';
import { type Spawned, spawnProgram, temporaryFolder, until } from '../setup/program.js';
import { RELATED, relatedBody } from '../setup/related.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Spawned;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await spawnProgram({ DATA_DIR: folder.path, DICOM_PORT: 'off', STUDY_QUIET_SECONDS: '1' });
});
afterAll(async () => {
  program.child.kill('SIGTERM');
  if (program.child.exitCode === null) await once(program.child, 'exit');
  await folder.remove();
});

const lines = () =>
  program
    .log()
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));

async function store(objects: readonly Buffer[]): Promise<number> {
  const request = { method: 'POST', headers: { 'content-type': RELATED }, body: relatedBody(objects) };
  return (await fetch(`${program.url}/dicom-web/studies`, request)).status;
}

it('says in the log, once for a transfer, what came, and nothing for one that brought nothing', async () => {
  const objects = ['1.2.3.1', '1.2.3.2'].map((uid) => buildFile(mrElements({ '00080018': ['UI', uid] })));
  expect(await store(objects)).toBe(200);
  expect(await store([Buffer.from('no DICOM')])).toBe(409);
  const came = await until(
    async () => lines().filter(({ msg }) => msg === 'Objects came and are kept.'),
    (found) => found.length > 0,
  );
  expect(came).toHaveLength(1);
  expect(came[0]).toMatchObject({ objects: 2, studies: 1 });
  expect(came[0].sender).toContain('127.0.0.1');
});
