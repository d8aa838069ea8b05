import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { classifyStudy } from '../../src/classify/classifyStudy.js';
import { importFiles } from '../../src/intake/importFiles.js';
import { resumeAbandoned } from '../../src/jobs/enqueueStudy.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { patience } from '../setup/patience.js';
import { type Answer, type Program, startProgram, temporaryFolder, until } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let sample: Map<string, Buffer>;
let uid: string;
let round = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  uid = (await writeSampleStudy(join(folder.path, 'sample'))).studyInstanceUid;
  const names = (await readdir(join(folder.path, 'sample'))).filter((name) => name.startsWith('anatomy')).slice(0, 8);
  sample = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder.path, 'sample', name))] as const)),
  );
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});
beforeEach(async () => {
  await program.context.prisma.study.deleteMany();
  await rm(program.context.receivedDir, { recursive: true, force: true });
});

/** The sample's files, some of them changed, imported. */
async function bring(change: (bytes: Buffer, name: string) => Buffer = (bytes) => bytes) {
  const path = join(folder.path, `round-${round++}`);
  await mkdir(path);
  for (const [name, bytes] of sample) await writeFile(join(path, name), change(Buffer.from(bytes), name));
  return { path, imported: await importFiles(program.context, path) };
}

const replaced = (bytes: Buffer, from: string, to: string): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll(from, to.padEnd(from.length)), 'latin1');

async function classified(): Promise<Answer> {
  await classifyStudy(
    program.context,
    { studyInstanceUid: uid, pacs: null, force: false },
    async () => {},
    AbortSignal.timeout(patience(60_000)),
  );
  return asked();
}

async function asked(): Promise<Answer> {
  const { data } = await program.ask(
    `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status patient { name } series { eligible slices { nodes {
      eligible position prediction { status failureCode } } } } finding { sliceCounts { count } } } }`,
    { uid },
  );
  return data.study;
}

describe('a study from files', () => {
  it('leaves maps among its images out of the answer', async () => {
    await bring((bytes, name) =>
      name < 'anatomy-03' ? replaced(bytes, 'ORIGINAL\\PRIMARY\\M\\SE', 'ORIGINAL\\PRIMARY\\MIP') : bytes,
    );
    const { series, finding } = await classified();
    const slices = series[0].slices.nodes;
    expect(series[0].eligible).toBe(true);
    expect(slices.filter(({ eligible }: Answer) => !eligible)).toHaveLength(2);
    for (const { eligible, prediction } of slices) expect(prediction !== null).toBe(eligible);
    expect(slices.slice(-2).every(({ eligible }: Answer) => !eligible)).toBe(true);
    const counted = finding.sliceCounts.reduce((sum: number, { count }: Answer) => sum + count, 0);
    expect(counted).toBeLessThanOrEqual(6);
  });

  it('is recorded also when a name holds control characters', async () => {
    const { imported } = await bring((bytes) => replaced(bytes, 'SYNTHETIC^PHANTOM', 'SYN\0\x07ETIC^PHANTOM'));
    expect(imported).toMatchObject({ received: 8, refused: [] });
    expect((await classified()).patient.name).toBe('SYNETIC^PHANTOM');
  });

  it('shows what was lost since it came as failed slices, and goes on with the others', async () => {
    await bring();
    const { path } = await program.context.prisma.instance.findFirstOrThrow();
    await rm(join(program.context.receivedDir, path));
    const { status, series } = await classified();
    expect(status).toBe('PARTIAL');
    const failed = series[0].slices.nodes.filter(({ prediction }: Answer) => prediction.status === 'FAILED');
    expect(failed).toMatchObject([{ prediction: { failureCode: 'UNDECODABLE_PIXELS' } }]);
    expect(series[0].slices.nodes).toHaveLength(8);
  });

  it('keeps its answer while none of its files can be read, and says so', async () => {
    await bring();
    const before = await classified();
    const away = `${program.context.receivedDir}-unmounted`;
    await rename(program.context.receivedDir, away);
    await expect(classified()).rejects.toMatchObject({ code: 'RECEIVED_FILES_MISSING', retryable: true });
    expect(await asked()).toEqual({ ...before, status: 'CLASSIFYING' });
    await rename(away, program.context.receivedDir);
    expect(await classified()).toEqual(before);
  });

  it('is healed by the same files once more', async () => {
    await bring();
    const { path } = await program.context.prisma.instance.findFirstOrThrow();
    await truncate(join(program.context.receivedDir, path), 3000);
    expect((await classified()).status).toBe('PARTIAL');
    expect((await bring()).imported).toMatchObject({ received: 1, duplicates: 7, refused: [] });
    expect((await classified()).status).toBe('CLASSIFIED');
  });

  it('is classified once by several processes at once', async () => {
    await bring();
    const answers = await Promise.all([classified(), classified(), classified()]);
    expect(answers[0].status).toBe('CLASSIFIED');
    expect(await program.context.prisma.prediction.count()).toBe(8);
  });

  it('that was left by the process that classified it is finished by the next server', async () => {
    await bring();
    const { prisma } = program.context;
    await prisma.study.updateMany({ data: { status: 'CLASSIFYING' } });
    expect(await resumeAbandoned(program.context)).toBe(1);
    expect(await resumeAbandoned(program.context)).toBe(0);
    await until(asked, ({ status }) => status === 'CLASSIFIED');
    expect(await prisma.job.count()).toBe(1);
  });

  it('has no date where the file has one that no calendar holds', async () => {
    await bring((bytes) => replaced(bytes, '20260101', '20260231'));
    expect((await program.context.prisma.study.findFirstOrThrow()).studyDate).toBeNull();
  });

  it('is not changed by files that claim its UIDs', async () => {
    await bring();
    const { imported } = await bring((bytes) => replaced(bytes, 'SYNTHETIC^PHANTOM', 'ANOTHER^PERSON'));
    expect(imported).toMatchObject({ received: 0, duplicates: 0, studyInstanceUids: [] });
    expect(imported.refused).toHaveLength(8);
    expect(imported.refused[0]?.reason).toContain('same SOPInstanceUID');
    expect((await classified()).patient.name).toBe('SYNTHETIC^PHANTOM');
  });
});

it('a request for the host of another site is refused', async () => {
  const { port } = new URL(program.server.url);
  const status = await new Promise((resolve) => {
    request({ port, path: '/graphiql', headers: { host: `evil.example:${port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  expect(status).toBe(421);
});
