import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type Database, openDatabase } from '../../src/database/database.js';
import { openClassifier } from '../../src/inference/classifier.js';
import { externalFiles } from '../../src/inference/externalFiles.js';
import { bytesField, concatenate, integerField } from '../../src/inference/gradcam/graph/protobuf.js';
import { type ModelFile, readModels } from '../../src/inference/manifest.js';
import { registerModels } from '../../src/models/registerModels.js';
import { createLog } from '../../src/output/log.js';
import { REPOSITORY, temporaryFolder } from '../setup/program.js';
import { makeExternal } from './externalModel.js';

const OURS = join(REPOSITORY, 'models/brain-mri');
const [newest = ''] = readdirSync(OURS).sort().reverse();
const { sha256: _, ...MANIFEST } = JSON.parse(readFileSync(join(OURS, newest, 'manifest.json'), 'utf8'));
const whole = readFileSync(join(OURS, newest, MANIFEST.file ?? 'model.onnx'));
const { model, weights } = makeExternal(whole, 'weights.bin');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let directory: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  directory = join(folder.path, 'models/brain-mri', newest);
  await mkdir(directory, { recursive: true });
  await put(model, weights);
});
afterEach(() => folder.remove());

async function put(graph: Uint8Array, outside: Uint8Array, manifest: object = MANIFEST): Promise<void> {
  await writeFile(join(directory, MANIFEST.file ?? 'model.onnx'), graph);
  await writeFile(join(directory, 'weights.bin'), outside);
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
}
const read = () => readModels(join(folder.path, 'models'));
const written = async () => JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
const swapped = weights.map((byte, index) => (index % 4 === 2 ? byte ^ 1 : byte));

describe('a model with weights outside of its graph', () => {
  it('is used, and the hashes of both are written into its manifest', async () => {
    const [found] = await read();
    const classifier = await openClassifier(found as ModelFile, 'cpu');
    await classifier.close();
    expect(await written()).toMatchObject({
      sha256: found?.manifest.graphSha256,
      external: { 'weights.bin': expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect((await read())[0]?.manifest).toMatchObject({ sha256: found?.manifest.sha256 });
  });

  it('is refused when its weights were exchanged or cannot be read', async () => {
    await read();
    await writeFile(join(directory, 'weights.bin'), swapped);
    await expect(read()).rejects.toThrow(/external: weights.bin is not the file that was hashed; restore/);
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...(await written()), file: MANIFEST.file }));
    const elsewhere = makeExternal(whole, 'gone.bin');
    await put(elsewhere.model, weights);
    await expect(read()).rejects.toThrow(/its weights gone.bin cannot be read/);
  });

  it('is refused when its weights are not listed beside the hash of its graph, saying what to write', async () => {
    await read();
    const { external, ...unlisted } = await written();
    await put(model, weights, unlisted);
    await expect(read()).rejects.toThrow(`write "external": {"weights.bin": "${external['weights.bin']}"}`);
  });

  it.each(['../weights.bin', '/etc/hostname', 'a/../../weights.bin'])(
    'is refused where they lie at %s',
    async (location) => {
      await put(makeExternal(whole, location).model, weights);
      await expect(read()).rejects.toThrow(/lie outside of this folder/);
    },
  );

  it('makes no maps of weights that were exchanged while it runs', async () => {
    const [found] = await read();
    const classifier = await openClassifier(found as ModelFile, 'cpu');
    await writeFile(join(directory, 'weights.bin'), swapped);
    await expect(classifier.explainable()).rejects.toThrow(/weights.bin is another file than when it was loaded/);
    await classifier.close();
  });
});

describe('weights that were exchanged together with the manifest', () => {
  let own: Awaited<ReturnType<typeof temporaryFolder>>;
  let database: Database;
  beforeAll(async () => {
    own = await temporaryFolder();
    database = await openDatabase(readConfig({ DATA_DIR: own.path }), 'tool', createLog('silent'));
  });
  afterAll(async () => {
    await database?.close();
    await own.remove();
  });

  it('are refused where predictions were made with the others; a model known by its graph alone is the same', async () => {
    const { prisma } = database;
    const models = await read();
    await registerModels(prisma, models);
    const { id: modelId } = await prisma.model.findFirstOrThrow();
    const instance = {
      sopInstanceUid: '1.2.3',
      sopClassUid: '1.2',
      transferSyntaxUid: '1.2',
      path: 'x',
      sha256: 'x',
      bytes: 1,
    };
    const study = await prisma.study.create({
      data: {
        studyInstanceUid: '1.2',
        modalities: [],
        series: { create: { seriesInstanceUid: '1.2', modality: 'MR', instances: { create: instance } } },
      },
      include: { series: { include: { instances: true } } },
    });
    const [series] = study.series;
    const slice = await prisma.slice.create({
      data: {
        instanceId: series?.instances[0]?.id as string,
        seriesId: series?.id as string,
        sopInstanceUid: '1.2.3',
        frameNumber: 1,
        rows: 1,
        columns: 1,
      },
    });
    const prediction = { status: 'FAILED' as const, probabilities: [], executionProvider: 'cpu', inferenceMs: 1 };
    await prisma.prediction.create({ data: { ...prediction, sliceId: slice.id, modelId } });
    const [{ manifest }] = models as [ModelFile];
    const { graphSha256, sha256 } = manifest as Required<ModelFile['manifest']>;
    await prisma.model.update({ where: { id: modelId }, data: { sha256: graphSha256 } }); // as an earlier version did
    await registerModels(prisma, models);
    expect(await prisma.model.findFirstOrThrow()).toMatchObject({ sha256 });
    await put(model, swapped); // with hashes of their own
    await expect(registerModels(prisma, await read())).rejects.toThrow(
      /its graph was exchanged, or weights of it were/,
    );
  });
});

it('weights are found wherever in a model they may be', () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const tensor = (file: string) =>
    concatenate([
      bytesField(13, concatenate([bytesField(1, text('offset')), bytesField(2, text('0'))])),
      bytesField(13, concatenate([bytesField(1, text('location')), bytesField(2, text(file))])),
      integerField(14, 1),
    ]);
  const attribute = (field: number, value: Uint8Array) => bytesField(5, bytesField(field, value)); // of a node
  const graph = concatenate([
    bytesField(5, tensor('initializer')),
    bytesField(15, concatenate([bytesField(1, tensor('sparse values')), bytesField(2, tensor('sparse indices'))])),
    bytesField(1, attribute(5, tensor('constant'))),
    bytesField(1, attribute(10, tensor('constants'))),
    bytesField(1, attribute(6, bytesField(5, tensor('branch')))),
    bytesField(1, attribute(11, bytesField(1, attribute(5, tensor('deep in a branch'))))),
    bytesField(1, attribute(22, bytesField(1, tensor('sparse constant')))),
  ]);
  const whole = concatenate([
    integerField(1, 8),
    bytesField(7, graph),
    bytesField(20, bytesField(1, bytesField(5, tensor('training')))),
    bytesField(25, bytesField(7, attribute(5, tensor('function')))),
  ]);
  const expected =
    'branch,constant,constants,deep in a branch,function,initializer,sparse constant,sparse indices,sparse values,training';
  expect(externalFiles(whole).join()).toBe(expected);
  expect(externalFiles(text('no model at all'))).toEqual([]);
  expect(externalFiles(readFileSync(join(OURS, newest, MANIFEST.file ?? 'model.onnx')))).toEqual([]);
});
