import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openClassifier } from '../../../src/inference/classifier.js';
import { appendExplanations, type Explainer, SEED } from '../../../src/inference/gradcam/explainer.js';
import { ExplainingSessions } from '../../../src/inference/gradcam/explainingSessions.js';
import { type Method, methods } from '../../../src/inference/gradcam/maps.js';
import type { GrayscaleImage } from '../../../src/inference/image.js';
import type { ModelFile } from '../../../src/inference/manifest.js';
import { SHIPPED } from '../../setup/shippedModel.js';
import { explainWith, hasTorch, logitsError, type ReferenceMap, relativeError, runReference } from './reference.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

type Reference = {
  name: string;
  shape: number[];
  input: number[];
  output: number[];
  seeds: number[][];
  maps: Record<string, Record<Method, ReferenceMap>>[];
};

describe.skipIf(!hasTorch)('explaining a model that PyTorch exported', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mrimaster-cnns-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const references = hasTorch ? runReference<Reference>('exportCnns.py', [folder]) : [];
  const reference = (name: string) => references.find((one) => one.name === name) as Reference;
  const model = (name: string) => readFile(join(folder, `${name}.onnx`));
  const sessionsOf = async (name: string) =>
    new ExplainingSessions(join(folder, `${name}.onnx`), sha256(await model(name)), [3, 20, 24], {});

  async function expectMaps(
    { layers }: Explainer,
    session: InferenceSession,
    { input, shape, seeds, maps, output }: Reference,
  ) {
    for (const [index, seed] of seeds.entries()) {
      const outputs = await explainWith(session, input, shape, seed);
      expect(logitsError(outputs.output?.data as Float32Array, output)).toBeLessThan(1e-5);
      for (const { name, outputs: names } of layers)
        for (const [method, output] of Object.entries(names)) {
          const map = outputs[output]?.data as Float32Array;
          const expected = maps[index]?.[name]?.[method as Method] as ReferenceMap;
          expect(relativeError(map, expected), `${name} ${method}`).toBeLessThan(1e-5);
        }
    }
    await session.release();
  }

  it.each(references.filter(({ name }) => !['external data', 'obstacle'].includes(name)))(
    'maps every layer by every method as autograd does: $name',
    async (reference) => {
      const explainer = await appendExplanations(await model(reference.name), { methods });
      expect(explainer.layers.map(({ name }) => name)).toEqual(['first', 'block.0', 'last']);
      expect([explainer.unsupported, explainer.unexplainable]).toEqual([[], []]);
      await expectMaps(explainer, await InferenceSession.create(explainer.model), reference);
    },
  );

  it('finds weights in files of their own', async () => {
    const data = await readFile(join(folder, 'external data.weights'));
    const externalData = [{ path: 'external data.weights', data }];
    const explainer = await appendExplanations(await model('external data'), { methods, externalData });
    const session = await InferenceSession.create(explainer.model, { externalData });
    await expectMaps(explainer, session, reference('external data'));
  });

  it('explains the layers above an operator without a rule, names it, and draws no map of those below', async () => {
    const explainer = await appendExplanations(await model('obstacle'), { methods });
    expect(explainer.layers.map(({ name }) => name)).toEqual(['last']);
    expect(explainer.unexplainable).toEqual(['first', 'block.0']); // also where another way leads around it
    expect(explainer.unsupported).toEqual([
      { operator: 'CumSum', node: expect.stringContaining('CumSum'), reason: 'there is no rule for it' },
    ]);
    await expectMaps(explainer, await InferenceSession.create(explainer.model), reference('obstacle'));
  });

  it('is opened with the weights that lie beside the model', async () => {
    const sessions = await sessionsOf('external data');
    const { input, shape, seeds, maps } = reference('external data');
    const { session, layers } = await sessions.get('HIRES_CAM', ['block.0']);
    const outputs = await explainWith(session, input, shape, seeds[0] as number[]);
    const map = outputs[layers[0]?.outputs.HIRES_CAM as string]?.data as Float32Array;
    expect(relativeError(map, maps[0]?.['block.0']?.HIRES_CAM as ReferenceMap)).toBeLessThan(1e-5);
    await sessions.close();
  });

  it('is refused for a layer below the obstacle, by the name of the operator', async () => {
    const sessions = await sessionsOf('obstacle');
    expect(await sessions.explainable()).toMatchObject({
      layers: ['last'],
      last: 'last',
      missing: expect.stringContaining('CumSum'),
    });
    await expect(sessions.get('GRAD_CAM', ['first'])).rejects.toThrow(/No map of first: .* stands CumSum/);
    await sessions.close();
  });

  it('sees what a branch reads from outside, and does not pass it by', async () => {
    const options = { methods, sizes: [3, 8, 8] };
    const { layers, unexplainable, unsupported } = await appendExplanations(await model('branching'), options);
    expect(layers.map(({ name }) => name)).toEqual(['late']);
    expect(unexplainable).toEqual(['early']);
    expect(unsupported.map(({ operator, node }) => [operator, node])).toEqual([['If', 'choice']]);
  });

  it.each([
    ['mirrored', [], 'Conv "z" (its images are mirrored against the slice), Slice "b" (it runs backwards)'],
    ['patches', [], 'Conv "z" (its images are not one a slice)'],
    ['cropped to its brightest row', [], 'Slice "z" (its input "from" is not constant)'],
    ['two outputs', [], 'LayerNormalization "y" (more than its first output leads to the logits)'],
    ['list', ['z'], 'SequenceAt "b" (there is no rule for it)'],
  ])('draws no map that would not lie on the slice, or be wrong: %s', async (name, explainable, why) => {
    const { layers, unsupported } = await appendExplanations(await model(name), { methods });
    const reasons = unsupported.map(({ operator, node, reason }) => `${operator} "${node}" (${reason})`);
    expect(reasons.sort().join(', ')).toBe(why);
    expect(layers.map((layer) => layer.name)).toEqual(explainable);
  });

  it.each(['logits of a convolution', 'squeezed'])('explains what is odd, but clear: %s', async (name) => {
    const options = { methods: ['HIRES_CAM'] as const, layers: ['a'] };
    const { model: bytes, layers } = await appendExplanations(await model(name), options);
    const values = Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => Math.sin(i * i));
    const input = new Tensor('float32', values, [1, 3, 16, 16]);
    const plain = await (await InferenceSession.create(await model(name))).run({ input });
    const answers = Array.from((plain.logits as Tensor).data as Float32Array);
    const seed = answers.map((value) => Number(value === Math.max(...answers)));
    const outputs = await explainWith(await InferenceSession.create(bytes), [...values], [1, 3, 16, 16], seed);
    expect(outputs.logits?.data).toEqual(plain.logits?.data);
    const map = outputs[layers[0]?.outputs.HIRES_CAM as string]?.data as Float32Array;
    expect(map).toHaveLength((layers[0]?.rows as number) * (layers[0]?.columns as number));
    expect(Math.max(...map)).toBeGreaterThan(0);
  });

  it('classifies and explains slices one by one where the batch is fixed to two', async () => {
    const file = join(folder, 'batch of two.onnx');
    const manifest = {
      name: 'two',
      version: '1',
      file: 'batch of two.onnx',
      sha256: sha256(await readFile(file)),
      labels: ['a', 'b', 'c', 'd'],
      input: { rows: 20, columns: 24, channels: 3, mean: [0, 0, 0], std: [1, 1, 1], intensity: 'byte' },
    } as unknown as ModelFile['manifest'];
    const classifier = await openClassifier({ manifest, file }, 'cpu');
    const image = (phase: number): GrayscaleImage => ({
      rows: 20,
      columns: 24,
      pixels: Float32Array.from({ length: 480 }, (_, i) => 128 + 127 * Math.sin(i * phase)),
    });
    const images = [image(0.1), image(0.7), image(2.1)];
    const together = await classifier.classify(images);
    const alone = (await Promise.all(images.map((one) => classifier.classify([one])))).flat();
    for (const [index, { probabilities }] of together.entries())
      for (const [at, { probability }] of probabilities.entries())
        expect(probability).toBeCloseTo(alone[index]?.probabilities[at]?.probability as number, 5);
    expect(new Set(together.map(({ confidence }) => confidence)).size).toBe(3);
    const [map] = await classifier.explain(images[2] as GrayscaleImage, { label: 'b' }, 'HIRES_CAM', ['last']);
    expect([map?.rows, map?.columns, map?.values.length]).toEqual([10, 12, 120]);
    await classifier.close();
  });

  it('asks for the size of the input where the graph leaves it open', async () => {
    await expect(appendExplanations(await model('branching'), { methods })).rejects.toThrow(
      /size of the input is open/,
    );
  });

  it('says that a model of an old opset must be exported again', async () => {
    await expect(appendExplanations(await model('old'), { methods })).rejects.toThrow(/opset 10; explaining needs 11/);
  });

  it('maps only the layers and methods asked for, as if it were all', async () => {
    const options = { methods: ['HIRES_CAM'] as const, layers: ['block.0'] };
    const explainer = await appendExplanations(await model('opset 13'), options);
    expect(explainer.layers).toEqual([
      { name: 'block.0', rows: 10, columns: 12, outputs: { HIRES_CAM: 'mrimaster/HIRES_CAM/block.0' } },
    ]);
    await expectMaps(explainer, await InferenceSession.create(explainer.model), reference('opset 13'));
  });

  it('says which layers there are when one is asked for that is not there', async () => {
    const options = { methods, layers: ['last', 'third'] };
    const message = 'no convolutional layer "third". Its layers: first, block.0, last.';
    await expect(appendExplanations(await model('opset 13'), options)).rejects.toThrow(message);
  });

  it('explains several slices in one run, each with its own seed', async () => {
    const { input, shape, seeds, maps } = reference('opset 13');
    const { model: bytes, layers } = await appendExplanations(await model('opset 13'), { methods: ['GRAD_CAM'] });
    const mapOf = (seed: number, layer: string) => maps[seed]?.[layer]?.GRAD_CAM as ReferenceMap;
    const session = await InferenceSession.create(bytes);
    const outputs = await session.run({
      input: new Tensor('float32', Float32Array.from(input), shape),
      [SEED]: new Tensor('float32', Float32Array.from([seeds[1], seeds[0]].flat() as number[]), [2, 4]),
    });
    for (const { name, outputs: names } of layers) {
      const map = outputs[names.GRAD_CAM as string]?.data as Float32Array;
      const half = map.length / 2;
      for (const [slice, seed] of [1, 0].entries()) {
        const { values, scale } = mapOf(seed, name);
        const part = { values: values.slice(slice * half, (slice + 1) * half), scale };
        expect(relativeError(map.subarray(slice * half, (slice + 1) * half), part)).toBeLessThan(1e-5);
      }
    }
    await session.release();
  });
});

describe('explaining the shipped model', () => {
  it('adds less than 100 KB for all layers and methods, and leaves the logits as they are, but for rounding', async () => {
    const plain = await readFile(SHIPPED.file);
    const { model, layers } = await appendExplanations(plain, { methods });
    expect(model.length - plain.length).toBeLessThan(100_000);
    expect(layers.length).toBeGreaterThan(1);
    const values = Float32Array.from({ length: 3 * 160 * 160 }, (_, i) => Math.sin(i));
    const input = new Tensor('float32', values, [1, 3, 160, 160]);
    const seed = new Tensor('float32', Float32Array.from([1, 0, 0, 0]), [1, 4]);
    const [one, other] = await Promise.all([InferenceSession.create(plain), InferenceSession.create(model)]);
    const before = (await one.run({ input })).logits?.data as Float32Array;
    const after = (await other.run({ input, [SEED]: seed })).logits?.data as Float32Array;
    for (const [index, value] of before.entries()) expect(after[index]).toBeCloseTo(value, 4);
    await Promise.all([one.release(), other.release()]);
  });
});
