import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { claimStudy } from '../../src/intake/claimStudy.js';
import { resumeAbandoned } from '../../src/jobs/enqueueStudy.js';
import { buildFile, mrElements } from '../pacs/buildDicom.js';
import { type Answer, type Program, sampleFiles, startProgram, temporaryFolder, until } from '../setup/program.js';
import { openRequest, startArchive, stow } from '../setup/webArchive.js';

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status revision
  completeness { state receivedInstances expectedInstances evidence } jobs { kind status error }
  reports { kind revision storedAt } } }`;
const CLASSIFY = `mutation ($uid: DicomUid!, $pacs: String) {
  classifyStudy(input: { studyInstanceUid: $uid, pacs: $pacs }) { job { id } } }`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let files: Buffer[];
let uid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const { studyInstanceUid, paths } = await sampleFiles(folder.path);
  uid = studyInstanceUid;
  files = paths.map((path) => readFileSync(path));
});
afterAll(() => folder.remove());

const ask = async (program: Program, of = uid): Promise<Answer> => (await program.ask(STUDY, { uid: of })).data.study;

const settled = (program: Program) =>
  until(
    () => ask(program),
    (study) => study?.revision > 0 && study.jobs.every(({ status }: Answer) => status === 'SUCCEEDED'),
  );

it('classifies nothing while the request that brings it is still open, however long it pauses', async () => {
  const program = await startProgram({ DATA_DIR: join(folder.path, 'open'), STUDY_QUIET_SECONDS: '1' });
  try {
    const request = openRequest(program);
    for (const bytes of files.slice(0, 12)) request.send(bytes);
    await until(
      () => ask(program),
      (study) => study?.completeness.receivedInstances >= 11,
    );
    await new Promise((resolve) => setTimeout(resolve, 5000)); // five quiet times
    expect(await ask(program)).toMatchObject({ revision: 0, jobs: [] });
    for (const bytes of files.slice(12)) request.send(bytes);
    expect((await request.end()).status).toBe(200);
    expect(await settled(program)).toMatchObject({ revision: 1, completeness: { receivedInstances: 25 } });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await ask(program)).toMatchObject({ revision: 1, jobs: [{ status: 'SUCCEEDED' }] });
  } finally {
    await program.close();
  }
});

it('classifies at its deadline what a sender brought that never hangs up', async () => {
  const env = { DATA_DIR: join(folder.path, 'hangs'), STUDY_QUIET_SECONDS: '1', STUDY_DEADLINE_SECONDS: '5' };
  const program = await startProgram(env);
  try {
    const request = openRequest(program);
    for (const bytes of files) request.send(bytes);
    await settled(program);
    await request.end();
  } finally {
    await program.close();
  }
});

it('proves a study whole beside the results that it wrote there, also where the archive counts nothing', async () => {
  for (const counts of [true, false]) {
    const archive = await startArchive(files, { counts });
    const program = await startProgram({
      DATA_DIR: join(folder.path, `counts-${counts}`),
      STUDY_QUIET_SECONDS: '1',
      STUDY_DEADLINE_SECONDS: '600',
      PACS_URL: archive.url,
      WRITE_BACK: 'true',
    });
    try {
      expect(await stow(program, files.slice(0, 24))).toBe(200);
      // The archive has one more: it is fetched.
      await until(
        () => ask(program),
        (study) => study?.reports.filter((one: Answer) => one.storedAt).length === 2,
      );
      expect(archive.objects).toHaveLength(27);
      const proven = { state: 'PROVEN', receivedInstances: 25, expectedInstances: 25 };
      expect(await ask(program)).toMatchObject({ completeness: proven });
      // It is told of our own results, and finds nothing new, and nothing missing.
      await fetch(`${program.server.url}/arrivals`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ studyInstanceUid: uid }),
      });
      await new Promise((resolve) => setTimeout(resolve, 4000));
      expect(await ask(program)).toMatchObject({ revision: 1, completeness: proven });
    } finally {
      await program.close();
      archive.close();
    }
  }
});

it('leaves a study alone that another process classifies outside of the queue, and takes it when that has died', async () => {
  const program = await startProgram({ DATA_DIR: join(folder.path, 'claimed'), STUDY_QUIET_SECONDS: '60' });
  try {
    const { context } = program;
    await stow(program, files);
    const where = { studyInstanceUid: uid };
    await claimStudy(context, uid, async () => {
      await context.prisma.study.update({ where, data: { status: 'CLASSIFYING' } });
      expect(await resumeAbandoned(context, 'ALL')).toBe(0);
    });
    await context.prisma.$executeRaw`
      UPDATE "Study" SET "status" = 'CLASSIFYING', "classifyingUntil" = clock_timestamp() - interval '1 second'`;
    expect(await resumeAbandoned(context, 'UNCLAIMED')).toBe(1);
    expect(await resumeAbandoned(context, 'UNCLAIMED')).toBe(0);
  } finally {
    await program.close();
  }
});

let count = 0;
const foreign = buildFile(mrElements({ '0020000D': ['UI', '1.2.666'], '00080018': ['UI', '1.2.666.1'] }));

it.each([
  ['a search', { searched: '1.2.666' }, 'PACS_WRONG_STUDY'],
  ['a retrieval', { retrieved: [foreign] }, 'PACS_WRONG_STUDY'],
  ['a list of series', { counts: false, listed: '1.2.666' }, 'PACS_WRONG_STUDY'],
  ['a search with two UIDs in one', { searched: `${'1.2.3'}\\1.2.4` }, 'PACS_BAD_ANSWER'],
  ['a search with a UID that a line feed makes another', { searched: `1.2.3\n4` }, 'PACS_BAD_ANSWER'],
])('keeps nothing of another study that an archive answers with to %s', async (_what, options, code) => {
  const archive = await startArchive(files, options);
  const program = await startProgram({ DATA_DIR: join(folder.path, `f${count++}`), PACS_URL: archive.url });
  try {
    const { errors } = await program.ask(CLASSIFY, { uid, pacs: 'default' });
    if (errors) expect(errors[0].extensions.code).toBe(code);
    else {
      const failed = await until(
        () => program.context.prisma.study.findUnique({ where: { studyInstanceUid: uid }, include: { jobs: true } }),
        (study) => study?.failureCode != null || study?.jobs[0]?.error != null,
      );
      if (code === 'PACS_WRONG_STUDY') expect(failed).toMatchObject({ status: 'FAILED', failureCode: code });
    }
    expect(await program.context.prisma.instance.count()).toBe(0);
    expect(await program.context.prisma.study.count({ where: { studyInstanceUid: { not: uid } } })).toBe(0);
  } finally {
    await program.close();
    archive.close();
  }
});
