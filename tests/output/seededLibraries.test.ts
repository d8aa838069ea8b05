import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import dcmjs from 'dcmjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import {
  type Answer,
  client,
  REPOSITORY,
  runCli,
  sampleFiles,
  temporaryFolder,
  until,
  userEnvironment,
} from '../setup/program.js';
import { startArchive } from '../setup/webArchive.js';

/** Part of whatever a header says of the patient, in ways that libraries complain of. */
const SEED = 'QZVX';
const long = (length: number) => SEED.repeat(length / SEED.length);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let archive: Awaited<ReturnType<typeof startArchive>>;
let studyInstanceUid: string;
let paths: string[];
let env: Record<string, string>;
let refuse = false;
beforeAll(async () => {
  folder = await temporaryFolder();
  ({ paths, studyInstanceUid } = await sampleFiles(folder.path));
  for (const path of paths) await spoil(path);
  archive = await startArchive([], {
    store: async () => {
      if (refuse) throw new Error(`${SEED} is refused`);
    },
  });
  env = {
    DATA_DIR: join(folder.path, 'data'),
    PACS_URL: archive.url,
    WRITE_BACK: 'true',
    STUDY_QUIET_SECONDS: '1',
    STUDY_DEADLINE_SECONDS: '2',
    LOG_LEVEL: 'debug',
  };
});
afterAll(async () => {
  archive?.close();
  await folder.remove();
});

/** Values that are too long for their VR (PS3.5 6.2), or of another kind than it. */
async function spoil(path: string): Promise<void> {
  const bytes = await readFile(path);
  // biome-ignore lint/suspicious/noExplicitAny: more of dcmjs than the program uses
  const file = (dcmjs.data as any).DicomMessage.readFile(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  );
  const set = (tag: string, vr: string, value: unknown) => {
    file.dict[tag] = { vr, Value: [value] };
  };
  set('00100010', 'PN', { Alphabetic: `${long(200)}^${long(100)}` });
  set('00100020', 'LO', long(120));
  set('00080050', 'SH', long(80));
  set('00100030', 'DA', `${SEED}1234`);
  set('00080020', 'DA', SEED);
  set('00080030', 'TM', `${SEED}:99`);
  set('00101010', 'AS', SEED);
  set('00100040', 'CS', long(40));
  set('00080090', 'PN', { Alphabetic: long(400) });
  set('00081030', 'LO', long(300));
  set('00200011', 'IS', SEED);
  set('00101030', 'DS', SEED);
  await writeFile(path, Buffer.from(file.write({ allowInvalidVRLength: true })));
}

/** All that `mrimaster serve` says, on either stream. */
async function serve(own: Record<string, string>) {
  const child = spawn(join(REPOSITORY, 'bin/mrimaster.js'), ['serve'], {
    cwd: folder.path,
    env: userEnvironment({ PORT: '0', ...env, ...own }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  await until(
    async () => said,
    (text) => /Archive /.test(text) || child.exitCode !== null,
  );
  const url = /(http:\S+)\/graphql/.exec(said)?.[1] as string;
  const port = Number(/DICOM: \S+ at [\d.]+:(\d+)/.exec(said)?.[1]);
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    return said;
  };
  return {
    ask: client(url),
    peer: { host: '127.0.0.1', port, callingAeTitle: 'S', calledAeTitle: 'MRIMASTER', tls: undefined },
    stop,
  };
}

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status reports { storedAt error } jobs { status error } } }`;

it('a library would write the name: this is what is kept from the log', async () => {
  const script = `const { readFileSync } = await import('node:fs');
    const { default: dcmjs } = await import('${join(REPOSITORY, 'node_modules/dcmjs/build/dcmjs.es.js')}');
    dcmjs.data.DicomMessage.readFile(readFileSync(process.argv[1]).buffer).write({ allowInvalidVRLength: true });
    console.warn('${SEED}'); process.emitWarning('${SEED}');`;
  const run = (before: string) => {
    const { stderr, stdout } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', before + script, paths[0] as string],
      {
        encoding: 'utf8',
      },
    );
    return stdout + stderr;
  };
  expect(run('')).toContain(SEED);
  expect(run(`await import('${join(REPOSITORY, 'dist/output/muteLibraries.js')}');`)).toBe('');
});

it('no value of a header is in what a server says, however the header is spoilt and whatever fails', async () => {
  const server = await serve({});
  await storeInstances(server.peer, paths);
  const study = async (): Promise<Answer> => (await server.ask(STUDY, { uid: studyInstanceUid })).data.study;
  await until(study, (one) => one?.reports.length === 2 && one.reports.every(({ storedAt }: Answer) => storedAt));
  refuse = true;
  const again =
    'mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, force: true }) { job { id } } }';
  await server.ask(again, { uid: studyInstanceUid });
  const said = await server.stop();
  expect(said).not.toContain(SEED);
  expect(said).toContain('GraphQL at');
});

it('nor where the disk, the archive or the database does not take what is written', async () => {
  refuse = true;
  const dataDir = join(folder.path, 'second');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'outgoing'), 'a file in the way');
  const server = await serve({ DATA_DIR: dataDir });
  await storeInstances(server.peer, paths);
  const jobs = async (): Promise<Answer[]> =>
    (await server.ask(STUDY, { uid: studyInstanceUid })).data.study?.jobs ?? [];
  await until(jobs, (all) => all.some(({ error }) => error));
  await rm(join(dataDir, 'outgoing'));
  await until(jobs, (all) => all.some(({ error }) => error?.includes('archive')));
  for (const { error } of await jobs()) expect(error ?? '').not.toContain(SEED);
  const odd = Buffer.from(await readFile(paths[1] as string)).fill(0xff, 400, 700);
  await writeFile(join(folder.path, 'odd.dcm'), odd);
  await storeInstances(server.peer, [join(folder.path, 'odd.dcm')]).catch(() => {});
  expect(await server.stop()).not.toContain(SEED);
});

it.each([
  ['doctor', () => ['doctor']],
  ['doctor --json', () => ['doctor', '--json']],
  ['classify', () => ['classify', paths[3] as string]],
  ['explain', () => ['explain', paths[10] as string]],
  ['pixels', () => ['pixels', paths[3] as string, '--out', join(folder.path, 'raw')]],
  ['import', () => ['import', join(folder.path, 'sample')]],
  ['deidentify', () => ['deidentify', join(folder.path, 'sample'), '--out', join(folder.path, 'copies')]],
  ['audit verify', () => ['audit', 'verify']],
] as const)('nor in what `mrimaster %s` says', async (_name, args) => {
  const { stderr, stdout } = await runCli(args(), { ...env, WRITE_BACK: 'false' });
  expect(stdout + stderr).not.toBe('');
  expect(stdout + stderr).not.toContain(SEED);
});

it('no copy holds what was too long or of another kind', async () => {
  const copies = await readdir(join(folder.path, 'copies'), { recursive: true, withFileTypes: true });
  const files = copies.filter((entry) => entry.isFile() && entry.name.endsWith('.dcm'));
  expect(files.length).toBeGreaterThan(0);
  for (const { name, parentPath } of files)
    expect((await readFile(join(parentPath, name))).includes(`${SEED}${SEED}`), name).toBe(false);
});
