import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Program, startProgram, temporaryFolder } from '../setup/program.js';

const STUDIES = 9;
const SLICES = 6;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  for (let index = 0; index < STUDIES; index++) await createStudy(index);
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

/** Two of three have a date, two the same; every other has a finding; slices with predictions of rising confidence. */
async function createStudy(index: number): Promise<void> {
  const { models, prisma } = program.context;
  const { model } = models.active;
  const uid = `1.2.${index}`;
  const label = index % 2 === 0 ? 'glioma' : 'no_tumor';
  const { id: studyId } = await prisma.study.create({
    data: {
      studyInstanceUid: uid,
      studyDate: index % 3 === 0 ? null : `2026-0${1 + (index % 4)}-15`,
      description: index === 4 ? 'Routine Control' : 'Head',
      patientName: `FAMILY${index}^GIVEN`,
      modalities: index === 2 ? ['CT'] : ['MR'],
      receivedAt: new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 2))), // pairs at the same moment
      status: index === 8 ? 'FAILED' : 'CLASSIFIED',
    },
  });
  const { id: seriesId } = await prisma.series.create({
    data: { studyId, seriesInstanceUid: `${uid}.1`, modality: 'MR', eligible: true },
  });
  for (let position = 0; position < SLICES; position++) {
    const sopInstanceUid = `${uid}.1.${position}`;
    const file = { sopClassUid: '1.2', transferSyntaxUid: '1.2', path: sopInstanceUid, sha256: '', bytes: 1n };
    const { id: instanceId } = await prisma.instance.create({ data: { seriesId, sopInstanceUid, ...file } });
    const slice = {
      instanceId,
      seriesId,
      sopInstanceUid,
      frameNumber: 1,
      rows: 8,
      columns: 8,
      position,
      eligible: true,
    };
    const { id: sliceId } = await prisma.slice.create({ data: slice });
    const failed = position === 5;
    await prisma.prediction.create({
      data: {
        sliceId,
        modelId: model.id,
        status: failed ? 'FAILED' : 'CLASSIFIED',
        label: failed ? null : label,
        confidence: failed ? null : 0.5 + position / 10,
        probabilities: [],
        executionProvider: 'cpu',
        inferenceMs: 1,
      },
    });
  }
  if (index % 2 === 0)
    await prisma.studyFinding.create({
      data: {
        studyId,
        modelId: model.id,
        label,
        confidence: 0.6 + index / 40,
        abstained: index === 6,
        sliceCounts: [],
      },
    });
}

const answer = async (query: string, variables = {}): Promise<Answer> => {
  const { data, errors } = await program.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
};
const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: StudyFilter, $orderBy: StudyOrder) {
  studies(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    nodes { studyInstanceUid } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const uids = (connection: Answer): string[] => connection.nodes.map((node: Answer) => node.studyInstanceUid);
const all = async (variables = {}) => uids((await answer(PAGE, { first: 100, ...variables })).studies);

describe('a list', () => {
  it.each([
    ['by default', {}],
    ['oldest first', { orderBy: { direction: 'ASC' } }],
    ['by day, those without one last', { orderBy: { field: 'STUDY_DATE', direction: 'ASC' } }],
    ['by day, the latest first, those without one last', { orderBy: { field: 'STUDY_DATE' } }],
  ])('is the same, page by page, forward and backward: %s', async (_name, variables) => {
    const whole = await all(variables);
    expect(new Set(whole).size).toBe(STUDIES);
    const forward: string[] = [];
    for (let after: string | null = null; ; ) {
      const { studies } = await answer(PAGE, { first: 2, after, ...variables });
      forward.push(...uids(studies));
      expect(studies.pageInfo.hasPreviousPage).toBe(after !== null);
      after = studies.pageInfo.endCursor;
      if (!studies.pageInfo.hasNextPage) break;
    }
    expect(forward).toEqual(whole);
    const backward: string[] = [];
    for (let before: string | null = null; ; ) {
      const { studies } = await answer(PAGE, { last: 2, before, ...variables });
      backward.unshift(...uids(studies));
      expect(studies.pageInfo.hasNextPage).toBe(before !== null);
      before = studies.pageInfo.startCursor;
      if (!studies.pageInfo.hasPreviousPage) break;
    }
    expect(backward).toEqual(whole);
  });

  it('has those without a date last, whichever way it goes', async () => {
    const undated = ['1.2.0', '1.2.3', '1.2.6'];
    for (const direction of ['ASC', 'DESC'])
      expect((await all({ orderBy: { field: 'STUDY_DATE', direction } })).slice(-3).sort()).toEqual(undated);
  });

  it('holds what fits a filter, and nothing else', async () => {
    const found = async (filter: object) => (await all({ filter, orderBy: { direction: 'ASC' } })).sort();
    expect(await found({ status: ['FAILED'] })).toEqual(['1.2.8']);
    expect(await found({ label: ['glioma'], minConfidence: 0.69 })).toEqual(['1.2.4', '1.2.8']);
    expect(await found({ label: ['glioma'], minConfidence: 0.69, abstained: true })).toEqual(['1.2.6']);
    expect(await found({ abstained: true })).toEqual(['1.2.6']);
    const { models, prisma } = program.context;
    const { model } = models.active;
    const { id: studyId } = await prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: '1.2.4' } });
    const said = { label: 'glioma', reviewer: 'a reader', answeredLabel: 'glioma', answeredConfidence: 0.9 };
    const answered = { answerAbstained: false, answeredAt: new Date() };
    await prisma.review.create({ data: { studyId, modelId: model.id, ...said, ...answered } });
    expect(await found({ reviewed: true })).toEqual(['1.2.4']);
    expect(await found({ reviewed: false })).toHaveLength(STUDIES - 1);
    expect(await found({ modality: ['CT'] })).toEqual(['1.2.2']);
    expect(await found({ studyDateFrom: '2026-03-01', studyDateTo: '2026-03-15' })).toEqual(['1.2.2']);
    expect(await found({ receivedFrom: '2026-01-04T00:00:00Z', receivedTo: '2026-01-05T00:00:00Z' })).toEqual([
      '1.2.6',
      '1.2.7',
    ]);
    expect(await found({ search: 'routine' })).toEqual(['1.2.4']);
    expect(await found({ search: 'family7' })).toEqual(['1.2.7']);
    expect(await found({ search: '%' })).toEqual([]); // no wildcard of the database's
  });

  it('refuses both ends at once, sizes out of bounds, and cursors of another list or order', async () => {
    const code = async (variables: object) => (await program.ask(PAGE, variables)).errors?.[0].extensions.code;
    const { studies } = await answer(PAGE, { first: 1, orderBy: { field: 'STUDY_DATE' } });
    for (const variables of [
      { first: 1, last: 1 },
      { first: 0 },
      { last: 501 },
      { first: 1, after: 'nonsense' },
      { first: 1, before: Buffer.from('[1,2,3]').toString('base64url') },
      { filter: { search: 'x'.repeat(129) } },
    ])
      expect({ variables, code: await code(variables) }).toEqual({ variables, code: 'BAD_USER_INPUT' });
    const { endCursor } = studies.pageInfo;
    const [list, ...key] = JSON.parse(Buffer.from(endCursor, 'base64url').toString());
    const cursor = (of: string, ...parts: unknown[]) =>
      Buffer.from(JSON.stringify([of, ...parts])).toString('base64url');
    const byDate = { field: 'STUDY_DATE' };
    const received = await answer(PAGE, { first: 1, orderBy: { field: 'RECEIVED_AT' } });
    const [ofReceived] = JSON.parse(Buffer.from(received.studies.pageInfo.endCursor, 'base64url').toString());
    const id = key.at(-1);
    const { jobs } = await answer(
      '{ jobs(first: 1) { pageInfo { endCursor } } predictions { pageInfo { endCursor } } }',
    );
    expect(await code({ after: endCursor, orderBy: byDate })).toBeUndefined();
    for (const [after, orderBy] of [
      [endCursor, { field: 'RECEIVED_AT' }],
      [endCursor, { ...byDate, direction: 'ASC' }],
      [cursor('jobs', ...key), byDate],
      [cursor(list, ...key, 'more'), byDate],
      [cursor(list, 5, id), byDate],
      [cursor(ofReceived, '2026-02-31T00:00:00.000Z', id), undefined],
      [cursor(ofReceived, '+275760-09-13T00:00:00.000Z', id), undefined],
      [cursor(ofReceived, '-000001-01-01T00:00:00.000Z', id), undefined],
      [cursor(ofReceived, '0000-01-01T00:00:00.000Z', id), undefined],
      [cursor(ofReceived, '2026-01-01', id), undefined],
      [cursor(ofReceived, null, id), undefined],
      [cursor(ofReceived, '2026-01-01T00:00:00.000Z', 'nul\0'), undefined],
      [jobs?.pageInfo.endCursor ?? cursor('jobs createdAt desc', '2026-01-01T00:00:00.000Z', id), undefined],
    ])
      for (const argument of ['after', 'before'])
        expect({ after, orderBy, code: await code({ [argument]: after, orderBy }) }).toMatchObject({
          code: 'BAD_USER_INPUT',
        });
  });

  it('refuses moments that no database has', async () => {
    const code = async (variables: object) => (await program.ask(PAGE, variables)).errors?.[0].extensions.code;
    for (const receivedFrom of ['0000-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59-01:00'])
      expect({ receivedFrom, code: await code({ filter: { receivedFrom } }) }).toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    expect(await code({ filter: { receivedFrom: '0001-01-01T00:00:00Z' } })).toBeUndefined();
  });
});

describe('the slices of a study', () => {
  const SLICES_OF = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: SliceFilter, $orderBy: SliceOrder) {
    study(studyInstanceUid: "1.2.0") {
      slices(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
        nodes { position } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
  const page = async (variables: object) => (await answer(SLICES_OF, variables)).study.slices;
  const positions = (slices: Answer) => slices.nodes.map(({ position }: Answer) => position);

  it('page forward and backward, in either order', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const orderBy = { direction };
      const whole = positions(await page({ orderBy }));
      expect(whole).toEqual(direction === 'ASC' ? [0, 1, 2, 3, 4, 5] : [5, 4, 3, 2, 1, 0]);
      const first = await page({ first: 4, orderBy });
      const rest = await page({ first: 4, after: first.pageInfo.endCursor, orderBy });
      expect([...positions(first), ...positions(rest)]).toEqual(whole);
      expect([first.pageInfo.hasNextPage, rest.pageInfo.hasNextPage]).toEqual([true, false]);
      const last = await page({ last: 4, orderBy });
      const before = await page({ last: 4, before: last.pageInfo.startCursor, orderBy });
      expect([...positions(before), ...positions(last)]).toEqual(whole);
      expect([last.pageInfo.hasPreviousPage, before.pageInfo.hasPreviousPage]).toEqual([true, false]);
    }
  });

  it('refuse a cursor of the other direction, or of another study', async () => {
    const { endCursor } = (await page({ first: 1 })).pageInfo;
    const code = async (variables: object) => (await program.ask(SLICES_OF, variables)).errors?.[0].extensions.code;
    expect(await code({ after: endCursor })).toBeUndefined();
    expect(await code({ after: endCursor, orderBy: { direction: 'DESC' } })).toBe('BAD_USER_INPUT');
    const [list, ...key] = JSON.parse(Buffer.from(endCursor, 'base64url').toString());
    const other = Buffer.from(JSON.stringify([`${list.replace(/ASC$/, '')}x ASC`, ...key])).toString('base64url');
    expect(await code({ after: other })).toBe('BAD_USER_INPUT');
    expect(await code({ before: Buffer.from(JSON.stringify(key)).toString('base64url') })).toBe('BAD_USER_INPUT');
  });

  it('are those that fit', async () => {
    expect(positions(await page({ filter: { minConfidence: 0.75, label: ['glioma'] } }))).toEqual([3, 4]);
    expect(positions(await page({ filter: { status: ['FAILED'] } }))).toEqual([5]);
    expect(positions(await page({ filter: { eligible: false } }))).toEqual([]);
  });
});

it('predictions are listed by confidence, failed ones last, and by what they say', async () => {
  const query = `query ($filter: PredictionFilter, $orderBy: PredictionOrder, $first: Int, $after: String) {
    predictions(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      nodes { confidence status label } pageInfo { endCursor hasNextPage } } }`;
  const orderBy = { field: 'CONFIDENCE', direction: 'DESC' };
  const confidences: (number | null)[] = [];
  for (let after = null; ; ) {
    const { predictions } = await answer(query, { first: 7, after, orderBy });
    confidences.push(...predictions.nodes.map(({ confidence }: Answer) => confidence));
    after = predictions.pageInfo.endCursor;
    if (!predictions.pageInfo.hasNextPage) break;
  }
  expect(confidences).toHaveLength(STUDIES * SLICES);
  expect(confidences.slice(-STUDIES).every((one) => one === null)).toBe(true);
  const known = confidences.slice(0, -STUDIES) as number[];
  expect(known).toEqual(known.toSorted((a, b) => b - a));
  const { predictions } = await answer(query, {
    filter: { label: ['glioma'], minConfidence: 0.85, status: ['CLASSIFIED'] },
  });
  expect(predictions.nodes).toHaveLength(5);
});

it('a dashboard takes the same number of statements however many studies it shows', async () => {
  const DASHBOARD = `query ($first: Int) { studies(first: $first) { nodes { id status patient { name }
    completeness { receivedInstances } conflictingInstances series { seriesNumber } jobs { id } reports { kind }
    finding { label keySlice { id } model { name } }
    slices(first: 4) { nodes { id series { modality } prediction { label model { name } } predictions { id } } } } } }`;
  const count = async (first: number, query = DASHBOARD): Promise<number> => {
    const { context } = program;
    const { prisma } = context;
    let statements = 0;
    const counting = prisma.$extends({
      query: {
        $allOperations: ({ args, query }) => {
          statements++;
          return query(args);
        },
      },
    });
    context.prisma = counting as never;
    try {
      const { studies } = await answer(query, { first });
      expect(studies.nodes).toHaveLength(first);
    } finally {
      context.prisma = prisma;
    }
    return statements;
  };
  /** The program itself asks the database now and then, too. */
  const least = async (first: number, query = DASHBOARD) =>
    Math.min(await count(first, query), await count(first, query), await count(first, query));
  const few = await least(2);
  expect(await least(STUDIES)).toBe(few);
  expect(few).toBeLessThanOrEqual(14);
  const slices =
    'query ($first: Int) { studies(first: $first) { nodes { slices { edges { cursor node { rows } } } } } }';
  expect(await least(STUDIES, slices)).toBe(2);
});
