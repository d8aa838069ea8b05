import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { workOffQueue } from '../../src/workOffQueue.js';
import { freePorts } from '../setup/freePorts.js';
import {
  type Answer,
  isClassified,
  type Program,
  REPOSITORY,
  runCli,
  type Spawned,
  spawnProgram,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';

const OURS = join(REPOSITORY, 'models/brain-mri');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: Record<string, string>;
let program: Program;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  copyModel('models', '2.0.0');
  copyModel('models', '2.1.0');
  copyModel('fewer', '2.0.0');
  env = { DATA_DIR: join(folder.path, 'data'), MODELS_DIR: join(folder.path, 'models') };
  program = await startProgram({ ...env, MODEL: 'brain-mri@2.0.0' });
  uid = (await writeSampleStudy(join(folder.path, 'sample'))).studyInstanceUid;
  await importFiles(program.context, join(folder.path, 'sample'));
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

function copyModel(to: string, version: string): void {
  const [newest = ''] = readdirSync(OURS).sort().reverse();
  const target = join(folder.path, to, 'brain-mri', version);
  mkdirSync(target, { recursive: true });
  cpSync(join(OURS, newest), target, { recursive: true });
  const path = join(target, 'manifest.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), version }));
}

async function ask(query: string, variables = {}): Promise<Answer> {
  const { data, errors } = await program.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
}
const CLASSIFY = `mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, force: true }) { job { id } } }`;
const STUDY = 'query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status jobs { status attempts error } } }';
const study = async () => (await ask(STUDY, { uid })).study;

async function activate(version: string): Promise<void> {
  const { models } = await ask('{ models { id version } }');
  const modelId = models.find((one: Answer) => one.version === version).id;
  await ask('mutation ($modelId: ID!) { activateModel(input: { modelId: $modelId }) { model { id } } }', { modelId });
}

it('takes no more jobs when a newer version has migrated the database, and is unready', async () => {
  const { prisma } = program.context;
  await prisma.$executeRawUnsafe(
    `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '29990101000000_newer', now())`,
  );
  await ask(CLASSIFY, { uid });
  await sleep(6000);
  const waits = await study();
  expect(waits.jobs.at(-1)).toEqual({ status: 'QUEUED', attempts: 0, error: null });
  expect((await fetch(`${program.server.url}/readyz`)).status).toBe(503);
  await prisma.$executeRawUnsafe(`DELETE FROM "_prisma_migrations" WHERE id = 'x'`);
  await until(study, isClassified);
});

it('a worker that lacks the active model gives its jobs back and is unready, until the model is there', async () => {
  const [port] = await freePorts(1);
  const worker: Spawned = await spawnProgram(
    { ...env, MODELS_DIR: join(folder.path, 'fewer'), METRICS_PORT: String(port) },
    { args: ['worker'], ready: /This worker classifies/ },
  );
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: response.status, body: (await response.json()) as Answer };
  };
  await until(ready, ({ status }) => status === 200);
  await program.context.queue.pause(); // what comes now is the worker's, if anybody's
  await activate('2.1.0');
  await ask(CLASSIFY, { uid });
  const { body } = await until(ready, ({ status }) => status === 503);
  expect(body.missing).toMatchObject([{ part: 'model', code: 'MODEL_NOT_FOUND' }]);
  await sleep(5000);
  expect(await study()).toMatchObject({ status: 'QUEUED' });
  copyModel('fewer', '2.1.0');
  await until(ready, ({ status }) => status === 200);
  await until(study, isClassified);
  worker.child.kill('SIGTERM');
  await once(worker.child, 'exit');
  await workOffQueue(program.context);
});

it('a worker that lacks the active model does not start, and says that this may pass', async () => {
  copyModel('others', '1.0.0');
  const { code, stderr } = await runCli(['worker'], { ...env, MODELS_DIR: join(folder.path, 'others') });
  expect(code).toBe(75);
  expect(stderr).toContain('brain-mri 2.1.0 is not in MODELS_DIR of this process. Put it there.');
});
