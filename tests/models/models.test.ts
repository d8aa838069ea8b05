import { patience } from '../setup/patience.js';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importFiles } from '../../src/intake/importFiles.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import {
  type Answer,
  type Program,
  REPOSITORY,
  spawnProgram,
  startProgram,
  temporaryFolder,
  until,
} from '../setup/program.js';

const OURS = join(REPOSITORY, 'models/brain-mri');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: Record<string, string>;
let program: Program;
let uid: string;
const ids: Record<string, string> = {};
beforeAll(async () => {
  folder = await temporaryFolder();
  const [version = ''] = readdirSync(OURS).sort().reverse();
  // Judged slice by slice, a computed head would leave the shipped thresholds with too few answers.
  copyModel(version, '2.0.0', ({ inSeries: _, abstention: __, ...manifest }) => manifest);
  // The same graph, so unsure that it abstains from everything: its answers can be told from the other's. Both judge slice
  // by slice, so that a study can be half seen.
  copyModel(version, '2.1.0', ({ inSeries: _, ...manifest }) => ({ ...manifest, abstention: { confidence: 1 } }));
  env = {
    DATA_DIR: join(folder.path, 'data'),
    MODELS_DIR: join(folder.path, 'models'),
    MODEL: 'brain-mri@2.0.0',
  };
  program = await startProgram(env);
  uid = (await writeSampleStudy(join(folder.path, 'sample'))).studyInstanceUid;
  await importFiles(program.context, join(folder.path, 'sample'));
  for (const { id, version: of } of (await ask('{ models { id version } }')).models) ids[of] = id;
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

function copyModel(from: string, version: string, change: (manifest: Answer) => Answer): void {
  const target = join(folder.path, 'models/brain-mri', version);
  mkdirSync(target, { recursive: true });
  cpSync(join(OURS, from), target, { recursive: true });
  const path = join(target, 'manifest.json');
  writeFileSync(path, JSON.stringify(change({ ...JSON.parse(readFileSync(path, 'utf8')), version })));
}

async function ask(query: string, variables = {}, of = program): Promise<Answer> {
  const { data, errors } = await of.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
}
const code = async (query: string, variables = {}) => (await program.ask(query, variables)).errors?.[0].extensions.code;
const ACTIVATE = `mutation ($modelId: ID!, $state: ModelState = ACTIVE) {
  activateModel(input: { modelId: $modelId, state: $state }) { model { version state } previous { id version state } } }`;
const activate = async (version: string, state = 'ACTIVE') =>
  (await ask(ACTIVATE, { modelId: ids[version], state })).activateModel;
const CLASSIFY = `mutation ($uid: DicomUid!) { classifyStudy(input: { studyInstanceUid: $uid, force: true }) { job { id } } }`;
async function classify(): Promise<void> {
  const { job } = (await ask(CLASSIFY, { uid })).classifyStudy;
  await until(
    async () => (await ask('query ($id: ID!) { node(id: $id) { ... on Job { status error } } }', { id: job.id })).node,
    ({ status }) => status === 'SUCCEEDED',
  );
}
const STUDY = `query ($uid: DicomUid!, $model: ID) { study(studyInstanceUid: $uid) {
  finding(model: $model) { label abstained model { version } }
  slices { nodes { id eligible prediction(model: $model) { id status model { version } } } } } }`;
const study = async (version?: string) =>
  (await ask(STUDY, { uid, model: version === undefined ? null : ids[version] })).study;

describe('a prediction that is missing', () => {
  it('is computed when it is asked for, all of a query in a few runs, and stored', async () => {
    const first = await study();
    const predicted = first.slices.nodes.filter((slice: Answer) => slice.prediction);
    expect(predicted.length).toBeGreaterThan(10);
    expect(await program.context.prisma.prediction.count()).toBe(predicted.length);
    expect(await study()).toEqual(first); // the same rows, not new ones
    const { prisma } = program.context;
    const times = await prisma.prediction.findMany({
      where: { inferenceMs: { gt: 0 } },
      select: { inferenceMs: true },
    });
    // Slices of one run share its time.
    expect(new Set(times.map(({ inferenceMs }) => inferenceMs)).size).toBeLessThanOrEqual(
      Math.ceil(times.length / 8) + 1,
    );
  });
});

describe('a shadow', () => {
  it('runs beside the active model, is stored, and is never the answer', async () => {
    expect(await activate('2.1.0', 'SHADOW')).toMatchObject({
      model: { state: 'SHADOW' },
      previous: { version: '2.0.0' },
    });
    await classify();
    const answer = await study();
    expect(answer.finding).toMatchObject({ abstained: false, model: { version: '2.0.0' } });
    const answered = answer.slices.nodes.filter((slice: Answer) => slice.eligible);
    expect(answered.every(({ prediction }: Answer) => prediction.model.version === '2.0.0')).toBe(true);
    const beside = await study('2.1.0');
    expect(beside.finding).toMatchObject({ abstained: true, model: { version: '2.1.0' } });
    const shadows = beside.slices.nodes.filter(
      (slice: Answer) => slice.eligible && slice.prediction.status !== 'FAILED',
    );
    expect(shadows.every(({ prediction }: Answer) => prediction.status === 'ABSTAINED')).toBe(true);
    const { prisma } = program.context;
    expect(await prisma.report.count({ where: { model: { version: '2.1.0' } } })).toBe(0);
  });

  it('is compared with the active one by what readers say of slices, whosever answer they looked at', async () => {
    const compare = `query ($second: ID!) { modelComparison(second: $second) {
      both same reviewed bothRight onlyFirst onlySecond bothWrong p } }`;
    const before = (await ask(compare, { second: ids['2.1.0'] })).modelComparison;
    expect(before).toMatchObject({ reviewed: 0, p: null });
    expect(before.both).toBeGreaterThan(10);
    expect(before.same).toBe(before.both); // the same graph
    const { prisma } = program.context;
    // As if the shadow had guessed otherwise on three slices.
    const slices = (await study()).slices.nodes.filter(
      ({ eligible, prediction }: Answer) => eligible && prediction.status !== 'FAILED',
    );
    for (const { id, prediction } of slices.slice(0, 4)) {
      const { label } = await prisma.prediction.findUniqueOrThrow({ where: { id: prediction.id } });
      const review =
        'mutation ($id: ID!, $label: String!) { reviewPrediction(input: { predictionId: $id, label: $label }) { review { id } } }';
      await ask(review, { id: prediction.id, label });
      if (id === slices[0].id) continue;
      const other = label === 'pituitary' ? 'glioma' : 'pituitary';
      await prisma.prediction.updateMany({
        where: { sliceId: id, model: { version: '2.1.0' } },
        data: { label: other },
      });
    }
    expect((await ask(compare, { second: ids['2.1.0'] })).modelComparison).toMatchObject({
      same: before.both - 3,
      reviewed: 4,
      bothRight: 1,
      onlyFirst: 3,
      onlySecond: 0,
      bothWrong: 0,
      p: 1, // all of one study, which could as well have spoken for the other
    });
    expect(await code(compare, { second: ids['2.0.0'] })).toBe('BAD_USER_INPUT');
  });

  it('that fails costs the answer nothing', async () => {
    const { classifier } = program.context.models.running(ids['2.1.0'] as string) as Answer;
    const { look: works } = classifier;
    classifier.look = () => Promise.reject(new Error('out of memory'));
    await classify();
    classifier.look = works;
    expect((await study()).finding).toMatchObject({ abstained: false });
  });
});

describe('activateModel', () => {
  it('changes who answers without a restart, and back in less than a second', async () => {
    const { previous } = await activate('2.1.0');
    expect(previous).toMatchObject({ version: '2.0.0', state: 'AVAILABLE' });
    expect((await study()).finding).toMatchObject({ abstained: true, model: { version: '2.1.0' } }); // it saw it as a shadow
    await classify();
    expect((await study()).finding).toMatchObject({ abstained: true, model: { version: '2.1.0' } });
    expect((await ask('{ model { version state } }')).model).toEqual({ version: '2.1.0', state: 'ACTIVE' });
    const began = performance.now();
    await ask(ACTIVATE, { modelId: previous.id });
    expect(performance.now() - began).toBeLessThan(patience(1000));
    expect((await study()).finding).toMatchObject({ abstained: false, model: { version: '2.0.0' } });
  });

  it('leaves the answers of before where the new model has said nothing yet', async () => {
    await program.context.prisma.studyFinding.deleteMany({ where: { model: { version: '2.1.0' } } });
    await activate('2.1.0');
    expect((await study()).finding).toMatchObject({ model: { version: '2.0.0' } });
    await activate('2.0.0');
  });

  it('makes no answer of a study of which the new model has seen one slice', async () => {
    const { prisma } = program.context;
    await activate('2.1.0', 'AVAILABLE');
    await prisma.prediction.deleteMany({ where: { model: { version: '2.1.0' } } });
    const before = await prisma.webhookDelivery.count();
    await activate('2.1.0');
    const slice = (await prisma.slice.findFirstOrThrow({ where: { eligible: true } })).sopInstanceUid;
    await ask(`mutation { classifySlice(input: { sopInstanceUid: "${slice}" }) { prediction { id } } }`);
    expect((await study()).finding).toMatchObject({ model: { version: '2.0.0' } });
    expect(await prisma.webhookDelivery.count()).toBe(before);
    await activate('2.0.0');
  });

  it('leaves one active, however many are activated at once', async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all(['2.1.0', '2.0.0', '2.1.0', '2.0.0'].map((version) => activate(version)));
      expect(await program.context.prisma.model.count({ where: { state: 'ACTIVE' } })).toBe(1);
    }
    await activate('2.0.0');
  });

  it('refuses what is not there, and to leave nobody to answer', async () => {
    expect(await code(ACTIVATE, { modelId: 'model-00000000-0000-4000-8000-000000000000' })).toBe('MODEL_NOT_FOUND');
    expect(await code(ACTIVATE, { modelId: uid })).toBe('MODEL_NOT_FOUND');
    expect(await code(ACTIVATE, { modelId: ids['2.0.0'], state: 'AVAILABLE' })).toBe('MODEL_STATE_REFUSED');
    expect((await ask('{ model { version } }')).model.version).toBe('2.0.0');
  });

  it('is followed by other processes, and outlives a restart', async () => {
    const worker = await spawnProgram(env, { args: ['worker'], ready: /This worker classifies/ });
    await activate('2.1.0');
    await program.close();
    program = await startProgram({ ...env, MODEL: '' });
    expect((await ask('{ model { version } }')).model.version).toBe('2.1.0');
    await classify();
    expect((await study()).finding).toMatchObject({ abstained: true, model: { version: '2.1.0' } });
    worker.child.kill('SIGTERM');
    await program.close();
    program = await startProgram(env); // MODEL decides where it is set
    expect((await ask('{ model { version } }')).model.version).toBe('2.0.0');
  });

  it('starts with our newest where the one that was active is gone', async () => {
    await activate('2.1.0');
    await program.close();
    rmSync(join(folder.path, 'models/brain-mri/2.1.0'), { recursive: true });
    program = await startProgram({ ...env, MODEL: '' });
    expect(await ask('{ model { version } models { version state } }')).toMatchObject({
      model: { version: '2.0.0' },
      models: [
        { version: '2.0.0', state: 'ACTIVE' },
        { version: '2.1.0', state: 'AVAILABLE' },
      ],
    });
  });
});

describe('explanations', () => {
  const EXPLAIN = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { slices(first: 40) { nodes {
    prediction { id status explanation { id layer values } } } } } }`;
  const explained = async () =>
    (await ask(EXPLAIN, { uid })).study.slices.nodes.filter(
      ({ prediction }: Answer) => prediction && prediction.status !== 'FAILED',
    );

  it('of a query are computed in few runs, stored, and the same as one by one', async () => {
    const { classifier } = program.context.models.active;
    const runs: number[] = [];
    const explainAll = classifier.explainAll;
    classifier.explainAll = (images, ...rest) => {
      runs.push(images.length);
      return explainAll(images, ...rest);
    };
    await program.context.prisma.explanation.deleteMany();
    const together = await explained();
    expect(runs.reduce((sum, count) => sum + count, 0)).toBe(together.length);
    expect(runs).toHaveLength(Math.ceil(together.length / 8));
    runs.length = 0;
    expect(await explained()).toEqual(together);
    expect(runs).toEqual([]);
    classifier.explainAll = explainAll;
    const { prediction } = together[3];
    await program.context.prisma.explanation.delete({ where: { id: prediction.explanation.id } });
    const alone = 'query ($id: ID!) { prediction(id: $id) { explanation { layer values } } }';
    const { explanation } = (await ask(alone, { id: prediction.id })).prediction;
    for (const [index, value] of prediction.explanation.values.entries())
      expect(explanation.values[index]).toBeCloseTo(value, 4);
  });

  it('that cannot be had spoil no others', async () => {
    const query = `query ($uid: DicomUid!) { study(studyInstanceUid: $uid) { slices(first: 40) { nodes {
      prediction { status none: explanation(layer: "no such layer") { id } explanation { id } } } } } }`;
    const { data, errors } = await program.ask(query, { uid });
    const predictions = data.study.slices.nodes.flatMap(({ prediction }: Answer) => prediction ?? []);
    const readable = predictions.filter(({ status }: Answer) => status !== 'FAILED');
    expect(readable.every(({ explanation, none }: Answer) => explanation && none === null)).toBe(true);
    expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['LAYER_NOT_FOUND']));
  });
});
