import { afterAll, beforeAll, expect, it } from 'vitest';
import { addAnswers, addModel } from '../setup/answers.js';
import { type Answer, type Program, startProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let model: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: folder.path });
  const { context } = program;
  const { prisma } = context;
  model = (await addModel(context, 'statistics')).id;
  const other = (await addModel(context, 'another')).id;
  // The last and the first moment of two UTC days.
  const late = await addAnswers(context, model, new Date('2026-03-01T23:59:59.999Z'), [
    { label: 'glioma' },
    { label: 'glioma' },
    { label: 'pituitary', status: 'ABSTAINED' },
  ]);
  const early = await addAnswers(context, model, new Date('2026-03-02T00:00:00Z'), [
    { label: 'no_tumor' },
    { label: null, status: 'FAILED' },
  ]);
  const last = await addAnswers(context, model, new Date('2026-03-05T10:00:00Z'), [{ label: 'glioma' }]);
  const none = await addAnswers(context, other, new Date('2026-03-05T11:00:00Z'), [{ label: 'glioma' }]);
  await prisma.study.update({ where: { id: none.studyId }, data: { status: 'FAILED' } });
  const job = (id: string, studyId: string, finishedAt: string, status: 'SUCCEEDED' | 'FAILED' = 'SUCCEEDED') =>
    prisma.job.create({ data: { id, kind: 'classify-study', studyId, status, finishedAt: new Date(finishedAt) } });
  await job('1', late.studyId, '2026-03-02T00:00:29.999Z'); // 30 s
  await job('2', late.studyId, '2026-03-04T00:00:00Z'); // classified anew, days later
  await job('3', early.studyId, '2026-03-02T00:00:01Z', 'FAILED');
  await job('4', early.studyId, '2026-03-02T00:02:00Z'); // 120 s
  // No job: imported, with its finding after 10 s.
  const key = { studyId_modelId: { studyId: last.studyId, modelId: model } };
  await prisma.studyFinding.update({ where: key, data: { createdAt: new Date('2026-03-05T10:00:10Z') } });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function statistics(period = ''): Promise<Answer> {
  const { data, errors } = await program.ask(
    `query ($model: ID) { statistics(model: $model${period}) { studies failedStudies slices labels { label count }
      perDay { day studies slices } medianSecondsToResult abstentionRate failureRate } }`,
    { model },
  );
  expect(errors).toBeUndefined();
  return data.statistics;
}

it('counts studies by when they came, slices by when the model looked at them, by days of UTC', async () => {
  expect(await statistics()).toEqual({
    studies: 4,
    failedStudies: 1,
    slices: 6,
    labels: [
      { label: 'glioma', count: 3 },
      { label: 'no_tumor', count: 1 },
    ],
    perDay: [
      { day: '2026-03-01', studies: 1, slices: 3 },
      { day: '2026-03-02', studies: 1, slices: 2 },
      { day: '2026-03-05', studies: 2, slices: 1 },
    ],
    medianSecondsToResult: 30, // of 10, 30 and 120
    abstentionRate: 1 / 5,
    failureRate: 1 / 6,
  });
});

it('begins a period with its first moment and ends it before its last', async () => {
  const second = ', from: "2026-03-02T00:00:00Z", to: "2026-03-05T10:00:00Z"';
  expect(await statistics(second)).toMatchObject({
    studies: 1,
    slices: 2,
    perDay: [{ day: '2026-03-02', studies: 1, slices: 2 }],
    medianSecondsToResult: 120,
    abstentionRate: 0,
    failureRate: 0.5,
  });
  expect(await statistics(', from: "2026-03-02T01:00:00+01:00", to: "2026-03-02T00:00:00.001Z"')).toMatchObject({
    slices: 2,
  });
});

it('says 0, and no median, of a time in which nothing came', async () => {
  expect(await statistics(', from: "2030-01-01T00:00:00Z"')).toEqual({
    studies: 0,
    failedStudies: 0,
    slices: 0,
    labels: [],
    perDay: [],
    medianSecondsToResult: null,
    abstentionRate: 0,
    failureRate: 0,
  });
});
