import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomNumbers } from '../../src/sample/noise.js';
import { type Answer, type Program, startProgram, temporaryFolder } from '../setup/program.js';

const LABELS = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
const STUDIES = 60;
const SLICES = 3;
const QUESTIONS = 60;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
/** Of the active model; of one that was active before; of one that only ever was a shadow. */
let models: string[];
const random = randomNumbers(20);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
const some = <T>(values: readonly T[]): T[] => values.filter(() => random() < 0.5);

beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  const { prisma } = program.context;
  const { model } = program.context.models.active;
  const others = ['0.1.0', '0.2.0'].map((version) =>
    prisma.model.create({ data: { name: 'other', version, sha256: version, labels: LABELS, layers: [], card: {} } }),
  );
  models = [model.id, ...(await Promise.all(others)).map(({ id }) => id)];
  for (let index = 0; index < STUDIES; index++) await createStudy(index);
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

/** Any of the models may have looked at it, in any order. */
async function createStudy(index: number): Promise<void> {
  const { prisma } = program.context;
  const uid = `1.2.3.${index}`;
  const series = { seriesInstanceUid: `${uid}.1`, modality: 'MR', eligible: true };
  const study = await prisma.study.create({
    data: { studyInstanceUid: uid, modalities: ['MR'], status: 'CLASSIFIED', series: { create: series } },
    include: { series: true },
  });
  const seriesId = study.series[0]?.id as string;
  const slices = [];
  for (let position = 0; position < SLICES; position++) {
    const sopInstanceUid = `${uid}.1.${position}`;
    const file = { transferSyntaxUid: '1', path: 'none', sha256: '', bytes: 1 };
    const instance = await prisma.instance.create({ data: { seriesId, sopInstanceUid, sopClassUid: '1', ...file } });
    const where = { instanceId: instance.id, seriesId, sopInstanceUid, frameNumber: 1, position, eligible: true };
    slices.push(await prisma.slice.create({ data: { ...where, rows: 1, columns: 1, pixelSpacing: [] } }));
  }
  let last: string | undefined;
  for (const modelId of some(models).sort(() => random() - 0.5)) {
    const shadow = modelId === models[2];
    const createdAt = new Date(Date.now() - below(1000) * 1000);
    for (const slice of slices) {
      const answer = { status: pick(['CLASSIFIED', 'CLASSIFIED', 'ABSTAINED', 'FAILED'] as const) };
      const said = answer.status === 'FAILED' ? {} : { label: pick(LABELS), confidence: random() };
      const row = {
        ...answer,
        ...said,
        probabilities: [],
        executionProvider: 'cpu',
        inferenceMs: 1,
        createdAt,
        shadow,
      };
      await prisma.prediction.create({ data: { sliceId: slice.id, modelId, ...row } });
    }
    const answer = { label: pick(LABELS), confidence: random(), abstained: random() < 0.4, sliceCounts: [] };
    const row = { studyId: study.id, modelId, ...answer, shadow, createdAt, latest: false };
    const finding = await prisma.studyFinding.create({ data: row });
    const before = last && (await prisma.studyFinding.findUniqueOrThrow({ where: { id: last } }));
    if (!shadow && (!before || before.createdAt < createdAt)) last = finding.id;
  }
  if (last) await prisma.studyFinding.update({ where: { id: last }, data: { latest: true } });
}

const ask = async (query: string, variables: object = {}): Promise<Answer> => {
  const { data, errors } = await program.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
};

it('lists the studies whose finding, as it is shown, fits', async () => {
  const query = `query ($filter: StudyFilter) { studies(filter: $filter, first: 500) {
    nodes { studyInstanceUid finding { label confidence abstained } } } }`;
  const all: Answer[] = (await ask(query)).studies.nodes;
  expect(all.some(({ finding }) => finding?.abstained)).toBe(true);
  for (let question = 0; question < QUESTIONS; question++) {
    const label = random() < 0.6 ? some(LABELS) : undefined;
    const minConfidence = random() < 0.4 ? random() : undefined;
    const abstained = random() < 0.4 ? random() < 0.5 : undefined;
    const asked = label ?? minConfidence ?? abstained;
    const fits = ({ finding }: Answer) =>
      asked === undefined ||
      (finding !== null &&
        (!label || label.includes(finding.label)) &&
        (minConfidence === undefined || finding.confidence >= minConfidence) &&
        finding.abstained === (abstained ?? false));
    const found: Answer[] = (await ask(query, { filter: { label, minConfidence, abstained } })).studies.nodes;
    const uids = (studies: Answer[]) => studies.map((one) => one.studyInstanceUid).sort();
    expect(uids(found), JSON.stringify({ label, minConfidence, abstained })).toEqual(uids(all.filter(fits)));
  }
});

it('lists the slices whose prediction, as it is shown, fits', async () => {
  const query = `query ($filter: SliceFilter) { studies(first: 60) { nodes { slices(first: 3, filter: $filter) {
    nodes { id prediction { status label confidence } } } } } }`;
  const slices = async (filter: object | null): Promise<Answer[]> => {
    const { studies } = await ask(query, { filter });
    return studies.nodes.flatMap((study: Answer) => study.slices.nodes);
  };
  const { prisma } = program.context;
  // What nobody has predicted would be computed now.
  await prisma.study.deleteMany({
    where: { series: { some: { slices: { some: { predictions: { none: { shadow: false } } } } } } },
  });
  const all = await slices(null);
  for (let question = 0; question < QUESTIONS; question++) {
    const label = random() < 0.6 ? some(LABELS) : undefined;
    const status = random() < 0.4 ? some(['CLASSIFIED', 'ABSTAINED', 'FAILED']) : undefined;
    const minConfidence = random() < 0.4 ? random() : undefined;
    const ofAnswers = (label ?? minConfidence) !== undefined && !status;
    const fits = ({ prediction }: Answer) =>
      (!status || status.includes(prediction.status)) &&
      (!ofAnswers || prediction.status === 'CLASSIFIED') &&
      (!label || label.includes(prediction.label)) &&
      (minConfidence === undefined || (prediction.confidence !== null && prediction.confidence >= minConfidence));
    const ids = (rows: Answer[]) => rows.map(({ id }) => id).sort();
    const found = await slices({ label, status, minConfidence });
    expect(ids(found), JSON.stringify({ label, status, minConfidence })).toEqual(ids(all.filter(fits)));
  }
});

it('lists as many rows as a number says that led there', async () => {
  const query = `query ($model: ID, $from: DateTime, $to: DateTime) { statistics(model: $model, from: $from, to: $to) {
    slices labels { label count } abstentionRate failureRate } }`;
  const list = `query ($filter: PredictionFilter) { predictions(filter: $filter, first: 500) { nodes { id } } }`;
  for (const model of models)
    for (const [from, to] of [
      [null, null],
      [new Date(Date.now() - 700_000), null],
      [new Date(Date.now() - 800_000), new Date(Date.now() - 200_000)],
    ]) {
      const { statistics } = await ask(query, { model, from, to });
      const during = { model, createdFrom: from, createdTo: to };
      const count = async (filter: object) =>
        (await ask(list, { filter: { ...during, ...filter } })).predictions.nodes.length;
      expect(await count({})).toBe(statistics.slices);
      for (const { label, count: said } of statistics.labels) expect(await count({ label: [label] })).toBe(said);
      const [abstained, failed] = [await count({ status: ['ABSTAINED'] }), await count({ status: ['FAILED'] })];
      const read = statistics.slices - failed;
      expect(statistics.abstentionRate).toBeCloseTo(read === 0 ? 0 : abstained / read, 12);
      expect(statistics.failureRate).toBeCloseTo(statistics.slices === 0 ? 0 : failed / statistics.slices, 12);
    }
});
