import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { type Answer, type Program, startProgram, temporaryFolder, until } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let archive: Server;
let status = 401;
let program: Program;
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  archive = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
  await once(archive, 'listening');
  const { port } = archive.address() as AddressInfo;
  program = await startProgram({ DATA_DIR: join(folder.path, 'data'), PACS_URL: `http://127.0.0.1:${port}/dicom-web` });
  const sample = join(folder.path, 'sample');
  uid = (await writeSampleStudy(sample)).studyInstanceUid;
  await importFiles(program.context, sample);
});
afterAll(async () => {
  await program?.close();
  archive.close();
  await folder.remove();
});

const ENQUEUE = `mutation ($uid: DicomUid!, $pacs: String) {
  classifyStudy(input: { studyInstanceUid: $uid, pacs: $pacs, priority: STAT }) { job { id } } }`;
const JOBS = `query ($first: Int, $after: String, $filter: JobFilter) { jobs(first: $first, after: $after, filter: $filter) {
  nodes { id kind status attempts error finishedAt study { studyInstanceUid } } pageInfo { hasNextPage endCursor } } }`;
const RETRY = 'mutation ($jobId: ID!) { retryJob(input: { jobId: $jobId }) { job { id status attempts error } } }';

const jobs = async (variables: object): Promise<Answer> => (await program.ask(JOBS, variables)).data.jobs;
const enqueue = async (pacs: string | null): Promise<string> =>
  (await program.ask(ENQUEUE, { uid, pacs })).data.classifyStudy.job.id;
const ended = (id: string, meanwhile: () => Promise<unknown> = async () => {}): Promise<Answer> =>
  until(
    async () => {
      await meanwhile();
      return (await jobs({})).nodes.find((job: Answer) => job.id === id);
    },
    (job) => job.finishedAt !== null,
  );
const priority = async (id: string): Promise<Answer> =>
  (
    await program.context.prisma.$queryRaw<
      Answer[]
    >`SELECT priority FROM pgboss.job WHERE id = ${id}::uuid AND name = 'classify-study'`
  )[0].priority;

it('shows failed jobs, with error and attempts, and queues one again under its id and with its priority', async () => {
  const id = await enqueue('default');
  expect(await ended(id)).toMatchObject({ status: 'FAILED', attempts: 1, error: expect.stringContaining('HTTP 401') });
  const failed = await jobs({ filter: { status: ['FAILED'], kind: 'classify-study', studyInstanceUid: uid } });
  expect(failed.nodes).toMatchObject([{ id, study: { studyInstanceUid: uid } }]);
  const { data } = await program.ask(RETRY, { jobId: id });
  expect(data.retryJob.job).toMatchObject({ id, status: 'QUEUED', attempts: 0 });
  expect(await priority(id)).toBe(20);
  expect(await ended(id)).toMatchObject({ status: 'FAILED', attempts: 1 });
});

it('retries a job that was given up', async () => {
  status = 503;
  const id = await enqueue('default');
  // Repeatedly: pg-boss replaces the row of a job that fails, and an UPDATE that meets that finds none.
  const forbid = () => program.context.prisma.$executeRaw`UPDATE pgboss.job SET retry_limit = 0 WHERE id = ${id}::uuid`;
  expect(await ended(id, forbid)).toMatchObject({ status: 'FAILED', error: expect.stringContaining('HTTP 503') });
  status = 401;
  expect((await program.ask(RETRY, { jobId: id })).errors).toBeUndefined();
  expect(await ended(id)).toMatchObject({ status: 'FAILED', error: expect.stringContaining('HTTP 401') });
});

it('retries a job that the queue has forgotten by what its study tells', async () => {
  const [id] = (await jobs({ filter: { status: ['FAILED'] } })).nodes.map((job: Answer) => job.id);
  await program.context.prisma.$executeRaw`DELETE FROM pgboss.job WHERE id = ${id}::uuid`;
  expect((await program.ask(RETRY, { jobId: id })).errors).toBeUndefined();
  expect(await ended(id)).toMatchObject({ status: 'SUCCEEDED', error: null });
});

it('refuses to retry what did not fail, what is not there, and a study that another job is at', async () => {
  const code = async (jobId: string) => (await program.ask(RETRY, { jobId })).errors?.[0].extensions.code;
  const [succeeded] = (await jobs({ filter: { status: ['SUCCEEDED'] } })).nodes;
  expect(await code(succeeded.id)).toBe('JOB_NOT_FAILED');
  expect(await code('00000000-0000-4000-8000-000000000000')).toBe('JOB_NOT_FOUND');
  status = 503;
  const waiting = await enqueue('default');
  const [failed] = (await jobs({ filter: { status: ['FAILED'] } })).nodes;
  expect(await code(failed.id)).toBe('STUDY_BUSY');
  const again = (await jobs({ filter: { status: ['FAILED'] } })).nodes;
  expect(again).toEqual(expect.arrayContaining([failed])); // nothing of the refused retry is left
  status = 401;
  await ended(waiting);
});

it('pages through all of them, the latest first, and refuses pages without measure', async () => {
  const all = (await jobs({})).nodes.map((job: Answer) => job.id);
  const paged: string[] = [];
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo }: Answer = await jobs({ first: 1, after });
    paged.push(...nodes.map((job: Answer) => job.id));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(all.length).toBeGreaterThan(2);
  expect(paged).toEqual(all);
  expect((await program.ask(JOBS, { first: 501 })).errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
  expect((await jobs({ filter: { status: [] } })).nodes).toEqual([]);
});
