import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSampleStudy } from '../../../src/sample/writeSampleStudy.js';
import {
  type Answer,
  type Program,
  REPOSITORY,
  runCli,
  startProgram,
  temporaryFolder,
  until,
} from '../../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let picture: Buffer;
let sampleUid: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  picture = readFileSync(join(REPOSITORY, 'tests/fixtures/grey.png'));
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

const CLASSIFY = `mutation ($file: Upload!) { classifyImage(input: { file: $file }) { prediction {
  id status label confidence failureCode slice { id sopInstanceUid rows columns study { studyInstanceUid status } } } } }`;

type Form = { operations?: string; map?: string; headers?: Record<string, string> };

async function upload(bytes: Uint8Array, given: Form = {}) {
  const form = new FormData();
  const {
    operations = JSON.stringify({ query: CLASSIFY, variables: { file: null } }),
    map = JSON.stringify({ 0: ['variables.file'] }),
    headers = { 'apollo-require-preflight': 'true' },
  } = given;
  const file = new Blob([bytes as never]);
  form.append('operations', operations);
  form.append('map', map);
  form.append('0', file, 'slice');
  const response = await fetch(`${program.server.url}/graphql`, { method: 'POST', headers, body: form });
  return { status: response.status, body: (await response.json()) as Answer };
}
const code = ({ body }: Awaited<ReturnType<typeof upload>>) => body.errors?.[0].extensions.code;

describe('classifyImage', () => {
  it('answers for a picture as `mrimaster classify` does, with a prediction as any other', async () => {
    const { body } = await upload(picture);
    const { prediction } = body.data.classifyImage;
    const { stdout } = await runCli(['classify', join(REPOSITORY, 'tests/fixtures/grey.png'), '--json']);
    const said = JSON.parse(stdout);
    expect(prediction).toMatchObject({ status: said.status, label: said.label, failureCode: null });
    expect(prediction.confidence).toBeCloseTo(said.confidence, 3);
    const explained = await program.ask(
      `query ($id: ID!) { prediction(id: $id) { explanation { overlay { base64 } } slice { image { width base64 } } } }`,
      { id: prediction.id },
    );
    expect(explained.errors).toBeUndefined();
    expect(explained.data.prediction.slice.image.width).toBe(prediction.slice.columns);
  });

  it('makes one slice of the same picture, however often it comes', async () => {
    const [first, second] = await Promise.all([upload(picture), upload(picture)]);
    const slice = ({ body }: typeof first) => body.data.classifyImage.prediction.slice;
    expect(slice(first)).toEqual(slice(second));
    expect(slice(first).study.status).toBe('CLASSIFIED');
    const { prisma } = program.context;
    expect(await prisma.study.count()).toBe(1);
    expect(await prisma.studyFinding.count()).toBe(0); // one slice is no study
    const audited = await program.context.prisma.auditEntry.findMany({ where: { action: 'classifyImage' } });
    expect(audited.at(-1)).toMatchObject({ studyInstanceUid: slice(first).study.studyInstanceUid, outcome: 'OK' });
  });

  it('keeps the answer of a picture when its study is classified, with or without force', async () => {
    const { body } = await upload(picture);
    const { id, label, slice } = body.data.classifyImage.prediction;
    for (const force of [false, true]) {
      const { data } = await program.ask(
        `mutation ($uid: DicomUid!, $force: Boolean) {
          classifyStudy(input: { studyInstanceUid: $uid, force: $force }) { job { id } } }`,
        { uid: slice.study.studyInstanceUid, force },
      );
      const job = { id: data.classifyStudy.job.id };
      await until(
        () => program.context.prisma.job.findUniqueOrThrow({ where: job }),
        ({ status }) => status === 'SUCCEEDED',
      );
      const { data: after } = await program.ask(
        `query ($id: ID!) { prediction(id: $id) { label slice { eligible study { status finding { label } } } } }`,
        { id },
      );
      expect(after.prediction).toEqual({
        label,
        slice: { eligible: true, study: { status: 'CLASSIFIED', finding: null } },
      });
    }
  });

  it('takes a DICOM file as it is', async () => {
    const sample = join(folder.path, 'sample');
    sampleUid = (await writeSampleStudy(sample)).studyInstanceUid;
    const { body } = await upload(readFileSync(join(sample, 'anatomy-08.dcm')));
    expect(['CLASSIFIED', 'ABSTAINED']).toContain(body.data.classifyImage.prediction.status);
    // A study of its own has an answer, and does not wait for more.
    expect(body.data.classifyImage.prediction.slice.study).toEqual({
      studyInstanceUid: sampleUid,
      status: 'CLASSIFIED',
    });
  });

  it('lets a DICOM file change nothing of a study that is here', async () => {
    const file = readFileSync(join(folder.path, 'sample/anatomy-09.dcm'));
    const { prisma } = program.context;
    const before = await prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: sampleUid } });
    const name = Buffer.from(before.patientName as string);
    const renamed = Buffer.from(file);
    renamed.write('X', renamed.indexOf(name));
    expect(code(await upload(renamed))).toBe('UPLOAD_CONFLICT');
    expect(await prisma.study.findUniqueOrThrow({ where: { id: before.id } })).toEqual(before);
    const kept = readdirSync(join(folder.path, 'data/received'), { recursive: true, encoding: 'utf8' });
    expect(kept.filter((path) => path.startsWith(before.studyInstanceUid) && path.endsWith('.dcm'))).toHaveLength(1);
    expect((await upload(file)).body.errors).toBeUndefined(); // as it is, it belongs there
  });

  it('refuses what is no image, half of one, and one that is too large', async () => {
    expect(code(await upload(Buffer.from('hello')))).toBe('INVALID_DICOM');
    expect(code(await upload(picture.subarray(0, picture.length / 2)))).toBe('UNDECODABLE_PIXELS');
    expect(code(await upload(new Uint8Array()))).toBe('INVALID_DICOM');
    const large = await upload(Buffer.alloc(33 * 2 ** 20));
    expect({ status: large.status, code: code(large) }).toEqual({ status: 400, code: 'UPLOAD_FAILED' });
    expect(large.body.errors[0].message).toContain('larger than 32 MiB');
    const wide = Buffer.from(picture);
    wide.writeUInt32BE(100_000, 16); // IHDR: a bomb, before anything is inflated
    wide.writeUInt32BE(100_000, 20);
    expect(code(await upload(wide))).toBe('UNSUPPORTED_PIXELS');
  });

  it('refuses a form of another site, which can send no header', async () => {
    const { body, status } = await upload(picture, { headers: {} });
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('apollo-require-preflight');
  });

  it('refuses forms that are not as the specification has them, and reaches nothing but variables', async () => {
    const json = (variables: object) => JSON.stringify({ query: CLASSIFY, variables });
    const wrong: Form[] = [
      { operations: '{' },
      { operations: `[${json({ file: null })}]` },
      { operations: json({ file: 'text' }) },
      { map: '{"0": ["query"]}' },
      { map: '{"0": ["variables.__proto__.file"]}' },
      { map: '{"0": ["variables.other"]}' },
      { map: '7' },
      { map: '{"0": 5}' },
      { map: '{"0": [{"toString": 1}]}' },
      { operations: '7' },
      { operations: 'null' },
    ];
    for (const form of wrong)
      expect({ form, status: (await upload(picture, form)).status }).toEqual({ form, status: 400 });
    const text = { query: CLASSIFY, variables: { file: 'text' } };
    const plain = await fetch(`${program.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(text),
    });
    expect(((await plain.json()) as Answer).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });
});
