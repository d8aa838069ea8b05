import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reviewPrediction, reviewStudy } from '../../src/evaluation/recordReview.js';
import { type AnswerOf, addAnswers, addModel } from '../setup/answers.js';
import { type Answer, type Program, REPOSITORY, startProgram, temporaryFolder } from '../setup/program.js';
import { SHIPPED } from '../setup/shippedModel.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: folder.path });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

const EVALUATION = `query ($model: ID, $from: DateTime, $to: DateTime, $of: EvaluationUnit!, $answeredOnly: Boolean!, $first: Int!) {
  evaluation(model: $model, from: $from, to: $to, of: $of, answeredOnly: $answeredOnly) {
    reviewed disputed abstained readers studies model { id } accuracy { value low high }
    perLabel { label support precision { value low high } recall { value low high } f1 { value low high } }
    confusionMatrix { labels counts } calibration { ece bins { count } }
    confidentlyWrong(first: $first) { id label confidence } confidentlyWrongStudies { studyInstanceUid }
    predictiveValues(prevalences: [{ label: "no_tumor", prevalence: 0.9 }]) { label ppv { value low } npv { value } } } }`;

async function ask(query: string, variables: object): Promise<Answer> {
  const { data, errors } = await program.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

async function evaluate(model: string, variables: object = {}): Promise<Answer> {
  const { evaluation } = await ask(EVALUATION, { model, of: 'SLICES', answeredOnly: false, first: 20, ...variables });
  return evaluation;
}

const DAY = new Date('2026-03-01T12:00:00Z');

type Case = AnswerOf & { truth: string; label: string };
const is = (truth: string, label: string, confidence: number, status: Case['status'] = 'CLASSIFIED'): Case => ({
  truth,
  label,
  confidence,
  ...(status && { status }),
});

/** Five studies; the references below were computed of them with NumPy 2.4.6 and SciPy 1.17.1. */
const CASES: Case[][] = [
  [is('glioma', 'glioma', 0.97), is('glioma', 'no_tumor', 0.96), is('no_tumor', 'no_tumor', 0.9)],
  [is('meningioma', 'pituitary', 0.99), is('meningioma', 'meningioma', 0.88), is('pituitary', 'pituitary', 0.91)],
  [
    is('no_tumor', 'no_tumor', 0.99),
    is('no_tumor', 'no_tumor', 0.86),
    is('no_tumor', 'glioma', 0.6, 'ABSTAINED'),
    is('glioma', 'glioma', 0.93),
  ],
  [is('pituitary', 'pituitary', 0.98), is('pituitary', 'pituitary', 0.85), is('meningioma', 'glioma', 0.955)],
  [is('no_tumor', 'no_tumor', 0.94), is('no_tumor', 'no_tumor', 0.97), is('glioma', 'glioma', 0.5, 'ABSTAINED')],
];

const says = (predictionId: string, label: string, reviewer = 'first') =>
  reviewPrediction(program.context, predictionId, { label, comment: null, reviewer });

describe('the evaluation of reviewed slices', () => {
  let model: string;
  beforeAll(async () => {
    model = (await addModel(program.context, 'slices')).id;
    for (const cases of CASES) {
      const { predictions } = await addAnswers(program.context, model, DAY, cases);
      for (const [index, { id }] of predictions.entries()) await says(id, cases[index]?.truth as string);
    }
    await addAnswers(program.context, model, DAY, [{ label: 'glioma' }]); // never reviewed
  });

  it('finds what NumPy and SciPy find', async () => {
    const evaluation = await evaluate(model);
    expect(evaluation).toMatchObject({
      reviewed: 16,
      disputed: 0,
      abstained: 2,
      readers: 1,
      studies: 5,
      model: { id: model },
    });
    expect(evaluation.accuracy.value).toBe(0.75);
    expect(evaluation.accuracy.low).toBeCloseTo(0.40642391649324533, 6);
    expect(evaluation.accuracy.high).toBeCloseTo(0.9293004725209754, 6);
    expect(evaluation.confusionMatrix).toEqual({
      labels: ['glioma', 'meningioma', 'no_tumor', 'pituitary'],
      counts: [
        [3, 0, 1, 0],
        [1, 1, 0, 1],
        [1, 0, 5, 0],
        [0, 0, 0, 3],
      ],
    });
    const none = evaluation.perLabel[2];
    expect(none).toMatchObject({ label: 'no_tumor', support: 6 });
    expect(none.precision.low).toBeCloseTo(0.14870540682168046, 6);
    expect(none.recall.low).toBeCloseTo(0.10756527263145038, 6);
    expect(none.f1.value).toBeCloseTo(5 / 6, 12);
    expect(none.f1.low).toBeLessThan(5 / 6);
    expect(evaluation.calibration.ece).toBeCloseTo(0.2828125, 12);
    expect(evaluation.calibration.bins.reduce((sum: number, { count }: Answer) => sum + count, 0)).toBe(16);
  });

  it('shows the mistakes above 0.95, the most confident first, no more than asked for', async () => {
    const { confidentlyWrong, confidentlyWrongStudies } = await evaluate(model);
    expect(confidentlyWrong.map(({ confidence }: Answer) => confidence)).toEqual([0.99, 0.96, 0.955]);
    expect(confidentlyWrongStudies).toEqual([]);
    expect((await evaluate(model, { first: 1 })).confidentlyWrong).toEqual([confidentlyWrong[0]]);
  });

  it('may leave out what the model abstained from', async () => {
    const evaluation = await evaluate(model, { answeredOnly: true });
    expect(evaluation).toMatchObject({ reviewed: 14, abstained: 2 });
    expect(evaluation.accuracy.value).toBeCloseTo(11 / 14, 12);
    expect(evaluation.accuracy.low).toBeCloseTo(0.41953, 2);
    expect(evaluation.calibration.ece).toBeCloseTo(0.2446428571428571, 12);
  });

  it('tells what an answer is worth where the label is as common as is said', async () => {
    const [{ ppv, npv }] = (await evaluate(model)).predictiveValues;
    expect(ppv.value).toBeCloseTo(0.9868421052631579, 12);
    expect(npv.value).toBeCloseTo(0.375, 12);
    const query = (given: string) => `{ evaluation { predictiveValues(prevalences: [${given}]) { label } } }`;
    const refused = async (given: string) => (await program.ask(query(given))).errors?.[0].extensions.code;
    expect(await refused('{ label: "stroke", prevalence: 0.1 }')).toBe('LABEL_NOT_FOUND');
    expect(await refused('{ label: "glioma", prevalence: 1.5 }')).toBe('BAD_USER_INPUT');
    const glioma = '{ label: "glioma", prevalence: 0.3 }';
    expect(await refused(`${glioma}, ${glioma}`)).toBe('BAD_USER_INPUT');
    expect(await refused('{ label: "glioma", prevalence: 0.6 }, { label: "pituitary", prevalence: 0.5 }')).toBe(
      'BAD_USER_INPUT',
    );
  });

  it('is of nothing, with no error, where nobody has read', async () => {
    const { id } = await addModel(program.context, 'unread');
    const evaluation = await evaluate(id);
    expect(evaluation).toMatchObject({ reviewed: 0, accuracy: null, confidentlyWrong: [], calibration: { ece: null } });
    expect(evaluation.perLabel[0]).toEqual({ label: 'glioma', support: 0, precision: null, recall: null, f1: null });
  });

  it('is refused for a model that is not there, and a period without an inside', async () => {
    const { errors } = await program.ask('{ evaluation(model: "model-0") { reviewed } }');
    expect(errors?.[0].extensions.code).toBe('MODEL_NOT_FOUND');
    for (const period of ['from: "2026-02-01T00:00:00Z", to: "2026-01-01T00:00:00Z"', 'from: "0000-01-01T00:00:00Z"']) {
      for (const query of [`{ evaluation(${period}) { reviewed } }`, `{ statistics(${period}) { slices } }`])
        expect((await program.ask(query)).errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});

describe('readers who do not agree', () => {
  it('leave the truth open until more than half of them say the same, each by the latest verdict', async () => {
    const { id: model } = await addModel(program.context, 'readers');
    const added = await addAnswers(program.context, model, DAY, [{ label: 'glioma' }, { label: 'glioma' }]);
    const [one, other] = added.predictions.map(({ id }) => id) as [string, string];
    await says(one, 'glioma', 'first');
    await says(one, 'meningioma', 'second');
    await says(other, 'glioma', 'first');
    expect(await evaluate(model)).toMatchObject({ reviewed: 1, disputed: 1, readers: 2, accuracy: { value: 1 } });
    await says(one, 'meningioma', 'third');
    const { confusionMatrix } = await evaluate(model);
    expect(confusionMatrix.counts.slice(0, 2)).toEqual([
      [1, 0, 0, 0],
      [1, 0, 0, 0],
    ]);
    await says(one, 'glioma', 'second'); // thinks better of it
    expect(await evaluate(model)).toMatchObject({ reviewed: 2, disputed: 0, readers: 3, accuracy: { value: 1 } });
  });

  it('count by what they said within the period, and by the answer that they saw', async () => {
    const { prisma } = program.context;
    const { id: model } = await addModel(program.context, 'period');
    const { predictions } = await addAnswers(program.context, model, DAY, [{ label: 'glioma' }]);
    const id = predictions[0]?.id as string;
    const { review } = await says(id, 'glioma');
    await prisma.review.update({ where: { id: review.id }, data: { createdAt: new Date('2026-04-10T00:00:00Z') } });
    await prisma.prediction.update({ where: { id }, data: { label: 'pituitary', confidence: 0.99 } });
    await says(id, 'no_tumor');
    const april = { from: '2026-04-01T00:00:00Z', to: '2026-05-01T00:00:00Z' };
    expect(await evaluate(model, april)).toMatchObject({ reviewed: 1, accuracy: { value: 1 }, confidentlyWrong: [] });
    expect(await evaluate(model)).toMatchObject({ reviewed: 1, accuracy: { value: 0 }, confidentlyWrong: [{ id }] });
    expect(await evaluate(model, { from: '2026-04-10T00:00:00Z', to: '2026-04-10T00:00:01Z' })).toMatchObject({
      reviewed: 1,
    });
    expect(await evaluate(model, { to: '2026-04-10T00:00:00Z' })).toMatchObject({ reviewed: 0 });
  });
});

it('evaluates findings by reviews of studies, apart from those of slices', async () => {
  const model = await addModel(program.context, 'studies');
  const right = await addAnswers(program.context, model.id, DAY, [{ label: 'glioma' }]);
  const wrong = await addAnswers(program.context, model.id, DAY, [{ label: 'pituitary', confidence: 0.99 }]);
  for (const { studyInstanceUid } of [right, wrong])
    await reviewStudy(program.context, studyInstanceUid, model, { label: 'glioma', comment: null, reviewer: 'first' });
  const evaluation = await evaluate(model.id, { of: 'STUDIES' });
  expect(evaluation).toMatchObject({ reviewed: 2, studies: 2, accuracy: { value: 0.5 }, confidentlyWrong: [] });
  expect(evaluation.confidentlyWrongStudies).toEqual([{ studyInstanceUid: wrong.studyInstanceUid }]);
  expect(await evaluate(model.id)).toMatchObject({ reviewed: 0 });
});

describe('drift', () => {
  const DRIFT = `query ($model: ID, $of: EvaluationUnit!, $from: DateTime) { evaluation(model: $model, of: $of, from: $from) { drift {
    now { studies answers labels { label share } meanConfidence abstentionRate } reference { studies answers labels { label share } }
    card { split slices labels { label share } abstentionRate } labelDistance confidenceShift abstentionShift alarm reasons } } }`;
  const drift = async (model: string, variables: object = {}) =>
    (await ask(DRIFT, { model, of: 'SLICES', ...variables })).evaluation.drift;
  const hour = (index: number) => new Date(DAY.getTime() + index * 3_600_000);

  it('is told of the model’s first 100 studies here, from the 30th study behind them', async () => {
    const { id } = await addModel(program.context, 'drift');
    const add = (index: number, label: string) =>
      addAnswers(program.context, id, hour(index), [{ label }, { label, confidence: 0.8, status: 'ABSTAINED' }]);
    for (let index = 0; index < 99; index++) await add(index, index % 4 === 0 ? 'glioma' : 'no_tumor');
    expect(await drift(id)).toMatchObject({ now: { studies: 99, answers: 198 }, reference: null, alarm: null });
    await add(99, 'no_tumor');
    expect(await drift(id)).toMatchObject({
      now: { studies: 0, answers: 0, meanConfidence: null },
      reference: { studies: 100, answers: 200, labels: [{ label: 'glioma', share: 0.25 }, {}] },
      labelDistance: null,
      alarm: null,
    });
    for (let index = 100; index < 129; index++) await add(index, 'glioma');
    expect(await drift(id)).toMatchObject({ labelDistance: 0.75, alarm: null, reasons: [] });
    await add(129, 'glioma');
    const alarmed = await drift(id);
    expect(alarmed).toMatchObject({ now: { studies: 30, answers: 60 }, alarm: true, reasons: ['LABELS'], card: null });
    expect(alarmed.now.meanConfidence).toBeCloseTo(0.85, 12);
    expect(alarmed.now.abstentionRate).toBe(0.5);
    expect(alarmed.abstentionShift).toBe(0);
    const studies = await drift(id, { of: 'STUDIES' });
    expect(studies).toMatchObject({ now: { answers: 30, abstentionRate: 0 }, labelDistance: 0.75, alarm: true });
    expect(await drift(id, { from: hour(128).toISOString() })).toMatchObject({ now: { studies: 2 }, alarm: null });
  });

  it('compares with nothing where no slice of the reference was answered', async () => {
    const { id } = await addModel(program.context, 'without slices');
    for (let index = 0; index < 100; index++) await addAnswers(program.context, id, hour(index), [{ label: 'glioma' }]);
    const none = { slices: 0, sliceLabels: {}, sliceConfidence: null, sliceAbstained: 0 };
    await program.context.prisma.firstAnswer.updateMany({ where: { modelId: id }, data: none });
    for (let index = 100; index < 130; index++)
      await addAnswers(program.context, id, hour(index), [{ label: 'glioma' }]);
    expect(await drift(id)).toMatchObject({
      now: { studies: 30 },
      reference: { studies: 0 },
      labelDistance: null,
      alarm: null,
    });
  });

  it('is of what was answered first: a study that is classified again moves neither reference nor period', async () => {
    const { id } = await addModel(program.context, 'again');
    const { prisma } = program.context;
    const added: string[] = [];
    for (let index = 0; index < 140; index++) {
      const label = index % 4 === 0 ? 'glioma' : 'no_tumor';
      added.push((await addAnswers(program.context, id, hour(index), [{ label }])).studyId);
    }
    const before = await drift(id, { of: 'STUDIES' });
    expect(before).toMatchObject({ now: { studies: 40 }, reference: { studies: 100 }, alarm: false });
    // Sixty of the reference's studies, classified again much later, with another answer.
    for (const studyId of added.slice(0, 60)) {
      const again = { label: 'glioma', confidence: 0.5, abstained: true, createdAt: hour(1000) };
      await prisma.studyFinding.update({ where: { studyId_modelId: { studyId, modelId: id } }, data: again });
      await prisma.prediction.updateMany({
        where: { modelId: id, slice: { series: { studyId } } },
        data: { label: 'glioma', createdAt: hour(1000) },
      });
    }
    expect(await drift(id, { of: 'STUDIES' })).toEqual(before);
    expect((await drift(id)).reference.labels).toMatchObject([{ label: 'glioma', share: 0.25 }, {}]);
    // Made anew, as where no slice could be read in between.
    const [studyId = ''] = added;
    const row = await prisma.studyFinding.delete({
      where: { studyId_modelId: { studyId, modelId: id } },
      omit: { probabilities: true },
    });
    await prisma.studyFinding.create({ data: { ...row, sliceCounts: [], label: 'glioma' } });
    expect(await drift(id, { of: 'STUDIES' })).toEqual(before);
  });

  it('weighs each study the same, however many slices it has', async () => {
    const { id } = await addModel(program.context, 'long');
    const long = Array.from({ length: 50 }, () => ({ label: 'glioma' }));
    for (let index = 0; index < 99; index++)
      await addAnswers(program.context, id, hour(index), [{ label: 'no_tumor' }]);
    await addAnswers(program.context, id, hour(99), long);
    const { reference } = await drift(id);
    expect(reference).toMatchObject({ studies: 100, answers: 149 });
    expect(reference.labels).toEqual([
      { label: 'glioma', share: 0.01 },
      { label: 'no_tumor', share: 0.99 },
    ]);
  });

  it('shows beside it what the card tells of the mix of answers', async () => {
    // Of the shipped model's confusion matrix, split "test": its columns' sums, of 675 answers.
    const { evaluation } = await ask(DRIFT, { of: 'SLICES' });
    const { card, now } = evaluation.drift;
    expect(now.answers).toBe(0);
    expect(card).toMatchObject({ split: 'test', slices: 675 });
    const written = SHIPPED.manifest.card as Answer;
    const rows: number[][] = written.confusion.test;
    const counts = card.labels.map(({ share }: Answer) => Math.round(share * 675));
    expect(counts).toEqual(rows[0]?.map((_, label) => rows.reduce((sum, row) => sum + (row[label] as number), 0)));
    const { answered } = written.splits.find(({ name }: Answer) => name === 'test');
    expect(card.abstentionRate).toBeCloseTo(1 - answered, 6);
  });
});

it('is asked for as docs/evaluation.md says', async () => {
  const schema = buildSchema(await readFile(join(REPOSITORY, 'schema.graphql'), 'utf8'));
  const text = await readFile(join(REPOSITORY, 'docs/evaluation.md'), 'utf8');
  const queries = [...text.matchAll(/```graphql\n(.*?)```/gs)].map(([, query]) => query as string);
  expect(queries).toHaveLength(4);
  expect(queries.flatMap((query) => validate(schema, parse(query)))).toEqual([]);
});
