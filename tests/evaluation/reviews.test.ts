import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reviewPrediction } from '../../src/evaluation/recordReview.js';
import { serializeError } from '../../src/output/log.js';
import { addAnswers, addModel } from '../setup/answers.js';
import { type Answer, type Program, startProgram, temporaryFolder, until } from '../setup/program.js';

const DAY = new Date('2026-03-01T12:00:00Z');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let model: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: folder.path });
  model = (await addModel(program.context, 'reviews')).id;
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

async function answer(query: string, variables: object = {}): Promise<Answer> {
  const { data, errors } = await program.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

async function refusal(query: string, variables: object): Promise<{ code: string; message: string }> {
  const { errors } = await program.ask(query, variables);
  expect(errors).toHaveLength(1);
  return { code: errors?.[0].extensions.code, message: errors?.[0].message };
}

const REVIEW = `mutation ($id: ID!, $label: String!, $comment: String) {
  reviewPrediction(input: { predictionId: $id, label: $label, comment: $comment }) {
    review { id label comment reviewer current answeredLabel answeredConfidence answerAbstained prediction { id } study { id } model { id } }
    prediction { id reviews { id current } } } }`;
const REVIEW_STUDY = `mutation ($uid: DicomUid!, $label: String!, $model: ID) {
  reviewStudy(input: { studyInstanceUid: $uid, label: $label, model: $model }) {
    review { id label answeredLabel answerAbstained prediction { id } } study { studyInstanceUid reviews { id label } } } }`;

const slice = async (label: string | null = 'glioma', status: 'CLASSIFIED' | 'ABSTAINED' | 'FAILED' = 'CLASSIFIED') => {
  const added = await addAnswers(program.context, model, DAY, [{ label, status }]);
  return { ...added, id: added.predictions[0]?.id as string };
};

describe('a review of a prediction', () => {
  it('is kept with who gave it and what the model had answered', async () => {
    const { id, studyId } = await slice('glioma', 'ABSTAINED');
    const { review, prediction } = (await answer(REVIEW, { id, label: 'meningioma', comment: ' dural tail ' }))
      .reviewPrediction;
    expect(review).toMatchObject({
      label: 'meningioma',
      comment: 'dural tail',
      reviewer: 'development',
      current: true,
      answeredLabel: 'glioma',
      answeredConfidence: 0.9,
      answerAbstained: true,
      prediction: { id },
      study: { id: studyId },
      model: { id: model },
    });
    expect(prediction).toEqual({ id, reviews: [{ id: review.id, current: true }] });
    const { node } = await answer('query ($id: ID!) { node(id: $id) { __typename ... on Review { label } } }', {
      id: review.id,
    });
    expect(node).toEqual({ __typename: 'Review', label: 'meningioma' });
  });

  it('gives way to a later one of the same reader only, and is kept', async () => {
    const { id } = await slice();
    const two = `mutation ($id: ID!) {
      first: reviewPrediction(input: { predictionId: $id, label: "glioma" }) { prediction { reviews { label current } } }
      then: reviewPrediction(input: { predictionId: $id, label: "no_tumor", comment: "  " }) {
        review { comment } prediction { reviews { label current } } } }`;
    const { first, then } = await answer(two, { id });
    expect(first.prediction.reviews).toEqual([{ label: 'glioma', current: true }]);
    expect(then.review.comment).toBeNull();
    expect(then.prediction.reviews).toEqual([
      { label: 'glioma', current: false },
      { label: 'no_tumor', current: true },
    ]);
    await reviewPrediction(program.context, id, { label: 'pituitary', comment: null, reviewer: 'another' });
    const { prediction } = await answer('query ($id: ID!) { prediction(id: $id) { reviews { current } } }', { id });
    expect(prediction.reviews).toEqual([{ current: false }, { current: true }, { current: true }]);
  });

  it('remembers the answer that was read when the model answers anew', async () => {
    const { id } = await slice('glioma');
    const { review } = (await answer(REVIEW, { id, label: 'glioma' })).reviewPrediction;
    await program.context.prisma.prediction.update({ where: { id }, data: { label: 'no_tumor', confidence: 0.5 } });
    const { node } = await answer(
      'query ($id: ID!) { node(id: $id) { ... on Review { answeredLabel answeredConfidence prediction { label } } } }',
      { id: review.id },
    );
    expect(node).toEqual({ answeredLabel: 'glioma', answeredConfidence: 0.9, prediction: { label: 'no_tumor' } });
  });

  it('is refused where there is no answer, or no such prediction', async () => {
    const failed = await slice(null, 'FAILED');
    expect((await refusal(REVIEW, { id: failed.id, label: 'glioma' })).code).toBe('REVIEW_UNAVAILABLE');
    for (const id of [
      'prediction-0',
      'prediction-00000000-0000-0000-0000-000000000000',
      `${failed.id}\0`,
      failed.studyId,
    ])
      expect((await refusal(REVIEW, { id, label: 'glioma' })).code).toBe('PREDICTION_NOT_FOUND');
  });

  it('is refused with a label that the model does not have, which is not repeated', async () => {
    const { id } = await slice();
    for (const label of ['stroke', '', 'glioma\0', 'Doe^John'.repeat(5000)])
      expect(await refusal(REVIEW, { id, label })).toEqual({
        code: 'LABEL_NOT_FOUND',
        message: 'The model has no such label. Its labels: glioma, meningioma, no_tumor, pituitary.',
      });
    expect(await program.context.prisma.review.count({ where: { predictionId: id } })).toBe(0);
  });

  it('takes a comment of 2,000 characters, of any script, and no more', async () => {
    const { id } = await slice();
    const longest = '脳'.repeat(2000);
    expect((await answer(REVIEW, { id, label: 'glioma', comment: longest })).reviewPrediction.review.comment).toBe(
      longest,
    );
    expect(await refusal(REVIEW, { id, label: 'glioma', comment: `${longest}!` })).toEqual({
      code: 'BAD_USER_INPUT',
      message: '`comment` has 2001 characters; 2000 are the most.',
    });
    expect((await refusal(REVIEW, { id, label: 'glioma', comment: 'a\0b' })).code).toBe('BAD_USER_INPUT');
    // Half a character, which PostgreSQL could not keep.
    const half = (await answer(REVIEW, { id, label: 'glioma', comment: 'a\ud83d' })).reviewPrediction.review.comment;
    expect(half).toBe('a\ufffd');
    const { url } = program.server;
    const body = JSON.stringify({ query: REVIEW, variables: { id, label: 'glioma', comment: 'x'.repeat(2 ** 20) } });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/graphql`, { method: 'POST', headers, body })).status).toBe(413);
  });
});

describe('a review of a study', () => {
  it('is kept beside the finding of the model that was looked at', async () => {
    const { studyInstanceUid: uid } = await slice('pituitary', 'ABSTAINED');
    const { review, study } = (await answer(REVIEW_STUDY, { uid, label: 'glioma', model })).reviewStudy;
    expect(review).toMatchObject({
      label: 'glioma',
      answeredLabel: 'pituitary',
      answerAbstained: true,
      prediction: null,
    });
    expect(study).toEqual({ studyInstanceUid: uid, reviews: [{ id: review.id, label: 'glioma' }] });
  });

  it('is none of its slices', async () => {
    const { id, studyInstanceUid: uid } = await slice();
    await answer(REVIEW, { id, label: 'glioma' });
    const { study } = await answer('query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { reviews { id } } }', {
      uid,
    });
    expect(study.reviews).toEqual([]);
  });

  it('is refused without a study, a finding or such a model', async () => {
    const { studyInstanceUid: uid } = await slice(null, 'FAILED');
    expect((await refusal(REVIEW_STUDY, { uid: '1.2.3', label: 'glioma' })).code).toBe('STUDY_NOT_FOUND');
    expect((await refusal(REVIEW_STUDY, { uid, label: 'glioma', model })).code).toBe('REVIEW_UNAVAILABLE');
    for (const other of ['model-00000000-0000-0000-0000-000000000000', `${model}\0`, 'brain-mri'])
      expect((await refusal(REVIEW_STUDY, { uid, label: 'glioma', model: other })).code).toBe('MODEL_NOT_FOUND');
  });
});

it('goes when its study goes', async () => {
  const { id, studyId } = await slice();
  await answer(REVIEW, { id, label: 'glioma' });
  await program.context.prisma.study.delete({ where: { id: studyId } });
  expect(await program.context.prisma.review.count({ where: { studyId } })).toBe(0);
});

it('of a study that is deleted at this moment is refused as one of a study that is not here', async () => {
  const { prisma } = program.context;
  const { id, studyId, studyInstanceUid: uid } = await slice();
  const deleting = async (transaction: Pick<typeof prisma, 'study'>) => {
    await transaction.study.delete({ where: { id: studyId } });
    const asked = [refusal(REVIEW, { id, label: 'glioma' }), refusal(REVIEW_STUDY, { uid, label: 'glioma', model })];
    // Both have looked their study up, and wait for whether it is deleted.
    await until(
      () => prisma.$queryRaw<object[]>`SELECT 1 FROM pg_locks WHERE NOT granted`,
      (waiting) => waiting.length === 2,
    );
    return asked;
  };
  const refusals = await prisma.$transaction(deleting, { timeout: 60_000 });
  expect((await Promise.all(refusals)).map(({ code }) => code)).toEqual(['PREDICTION_NOT_FOUND', 'STUDY_NOT_FOUND']);
});

it('is not told by the log of a call that Prisma finds wrong, which says where it was made', async () => {
  const wrong = { comment: 'DOE^JOHN', answeredConfidence: 'high' } as never;
  const thrown = await program.context.prisma.review.create({ data: wrong }).catch((error: Error) => error);
  expect((thrown as Error).message).toContain('DOE^JOHN'); // else there is nothing to hide
  const lines: string[] = [];
  const log = pino({ serializers: { err: serializeError } }, { write: (line) => lines.push(line) });
  log.error({ err: thrown }, 'A request failed for an unknown reason.');
  log.error({ err: new TypeError('x is no function') });
  expect(lines[0]).not.toContain('DOE^JOHN');
  expect(lines[0]).toMatch(/PrismaClientValidationError.*\\n +at /);
  expect(lines[1]).toContain('x is no function');
});
