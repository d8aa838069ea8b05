import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeInstances } from '../../src/pacs/dimse/storeInstances.js';
import {
  type Answer,
  isClassified,
  type Program,
  sampleFiles,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';

const STUDY = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { status revision jobs { status }
  slices(first: 100) { nodes { id eligible sopInstanceUid frameNumber predictions { id label status confidence } } } } }`;
const CLASSIFY_SLICE = `mutation ($uid: DicomUid!) { classifySlice(input: { sopInstanceUid: $uid }) {
  prediction { label status confidence probabilities { label probability } } } }`;
const AGAIN = 'mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid }) { job { id } } }';
const CLASSIFY_IMAGE = 'mutation ($file: Upload!) { classifyImage(input: { file: $file }) { prediction { id } } }';
const MISSING = 'query ($uid: DicomUid!) { slice(sopInstanceUid: $uid) { prediction { label status confidence } } }';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: string[];
let uid: string;
let program: Program;
let answers: Answer[];
beforeAll(async () => {
  folder = await temporaryFolder();
  ({ studyInstanceUid: uid, paths } = await sampleFiles(folder.path));
  program = await startProgram({ DATA_DIR: join(folder.path, 'whole'), STUDY_QUIET_SECONDS: '2' });
  answers = await classified(program, paths, 1);
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

/** Sends files, and waits for the predictions of the revision that they make, in order of SOP Instance UID. */
async function classified({ ask, dicomPort }: Program, files: string[], revision: number): Promise<Answer[]> {
  const called = {
    host: '127.0.0.1',
    port: dicomPort as number,
    calledAeTitle: 'MRIMASTER',
    callingAeTitle: 'SCANNER',
  };
  await storeInstances(called, files);
  const study = await until(
    async () => (await ask(STUDY, { uid })).data.study,
    (one) => one?.revision === revision && one.jobs.length === revision && isClassified(one),
  );
  const slices: Answer[] = study.slices.nodes.filter(({ eligible }: Answer) => eligible);
  return slices.toSorted((a, b) => a.sopInstanceUid.localeCompare(b.sopInstanceUid));
}

const verdictOf = ({ label, status, confidence }: Answer) => ({
  label,
  status,
  confidence: expect.closeTo(confidence, 3),
});

describe('slices of a series', () => {
  it('that come late leave all of them with the answers that they would have had together', async () => {
    const apart = await startProgram({ DATA_DIR: join(folder.path, 'apart'), STUDY_QUIET_SECONDS: '2' });
    try {
      const first = await classified(apart, paths.slice(0, 8), 1);
      const later = await classified(apart, paths.slice(8), 2);
      expect(later.map(({ predictions }) => predictions[0])).toMatchObject(
        answers.map(({ predictions }) => verdictOf(predictions[0])),
      );
      const before = new Map(first.map(({ sopInstanceUid, predictions }) => [sopInstanceUid, predictions[0]]));
      const changed = later.filter(
        ({ sopInstanceUid, predictions }) =>
          before.has(sopInstanceUid) && predictions[0].confidence !== before.get(sopInstanceUid).confidence,
      );
      expect(changed.length).toBeGreaterThan(0);
    } finally {
      await apart.close();
    }
  });

  it('are asked for one by one with the same answer', async () => {
    const { sopInstanceUid, predictions } = answers[10];
    const { data, errors } = await program.ask(CLASSIFY_SLICE, { uid: sopInstanceUid });
    expect(errors).toBeUndefined();
    expect(data.classifySlice.prediction).toMatchObject(verdictOf(predictions[0]));
    const sum = data.classifySlice.prediction.probabilities.reduce(
      (all: number, one: Answer) => all + one.probability,
      0,
    );
    expect(sum).toBeCloseTo(1, 6);
  });

  it('get the same answer where it is missing, and so do the others of their series', async () => {
    const { prisma } = program.context;
    await prisma.prediction.deleteMany({ where: { sliceId: { in: answers.map(({ id }) => id) } } });
    const { sopInstanceUid, predictions } = answers[12];
    const { data, errors } = await program.ask(MISSING, { uid: sopInstanceUid });
    expect(errors).toBeUndefined();
    expect(data.slice.prediction).toMatchObject(verdictOf(predictions[0]));
    expect(await prisma.prediction.count({ where: { sliceId: { in: answers.map(({ id }) => id) } } })).toBe(
      answers.length,
    );
  });

  it('keep a prediction that says the same when the study is classified again', async () => {
    const before = await program.context.prisma.prediction.findMany({ orderBy: { id: 'asc' } });
    const one = before[0]?.sliceId as string;
    await program.context.prisma.prediction.updateMany({ where: { sliceId: one }, data: { status: 'FAILED' } });
    expect((await program.ask(AGAIN, { uid })).errors).toBeUndefined();
    await until(
      () => program.context.prisma.prediction.count({ where: { status: 'FAILED' } }),
      (failed) => failed === 0,
    );
    const after = await program.context.prisma.prediction.findMany({ orderBy: { id: 'asc' } });
    const times = (rows: typeof before) =>
      rows.filter(({ sliceId }) => sliceId !== one).map(({ createdAt }) => createdAt);
    expect(times(after)).toEqual(times(before));
    expect(after.length).toBe(before.length);
  });

  it('that were asked for before the study was classified are then read with the others', async () => {
    const early = await startProgram({ DATA_DIR: join(folder.path, 'early') });
    try {
      for (const path of paths) {
        const form = new FormData();
        const operations = { query: CLASSIFY_IMAGE, variables: { file: null } };
        form.append('operations', JSON.stringify(operations));
        form.append('map', JSON.stringify({ 0: ['variables.file'] }));
        form.append('0', new Blob([await readFile(path)]), 'slice.dcm');
        const headers = { 'apollo-require-preflight': 'true' };
        const response = await fetch(`${early.server.url}/graphql`, { method: 'POST', headers, body: form });
        expect(((await response.json()) as Answer).errors).toBeUndefined();
      }
      expect((await early.ask(AGAIN, { uid })).errors).toBeUndefined();
      const study = await until(
        async () => (await early.ask(STUDY, { uid })).data.study,
        (one) => isClassified(one),
      );
      const slices: Answer[] = study.slices.nodes.filter(({ eligible }: Answer) => eligible);
      const sorted = slices.toSorted((a, b) => a.sopInstanceUid.localeCompare(b.sopInstanceUid));
      expect(sorted.map(({ predictions }) => predictions[0])).toMatchObject(
        answers.map(({ predictions }) => verdictOf(predictions[0])),
      );
    } finally {
      await early.close();
    }
  });
});
