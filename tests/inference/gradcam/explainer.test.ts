import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendGradCam, CAM, convolutionalLayers, SEED } from '../../../src/inference/gradcam/explainer.js';
import { REPOSITORY, temporaryFolder } from '../../program.js';
import { requirePart } from '../../requirements.js';

const python = process.env.PYTHON ?? '/usr/bin/python3';
const hasTorch = requirePart(
  'PyTorch',
  spawnSync(python, ['-c', 'import torch, onnx']).status === 0,
  'Install python3-torch and python3-onnx, or set PYTHON.',
);

type Reference = { name: string; input: number[]; output: number[]; rows: number; columns: number; cams: number[][] };

describe.skipIf(!hasTorch)('Grad-CAM appended to a graph that PyTorch exported', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let references: Map<string, Reference>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const script = fileURLToPath(new URL('../reference/exportCnns.py', import.meta.url));
    const { status, stdout, stderr } = spawnSync(python, ['-B', '-W', 'ignore', script, folder.path], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
    references = new Map(lines.map((line) => JSON.parse(line) as Reference).map((one) => [one.name, one]));
  });
  afterAll(() => folder.remove());

  const model = (name: string) => readFile(join(folder.path, `${name}.onnx`));

  it.each(['relu-global', 'relu-mean', 'relu6', 'softmax', 'opset11', 'fixed-batch'])(
    'equals autograd for every label: %s',
    async (name) => {
      const { input, output, cams, rows, columns } = references.get(name) as Reference;
      const { model: bytes } = appendGradCam(await model(name));
      const session = await InferenceSession.create(bytes);
      for (const [label, expected] of cams.entries()) {
        const seed = Float32Array.from(cams, (_, index) => Number(index === label));
        const outputs = await session.run({
          input: new Tensor('float32', Float32Array.from(input), [1, 3, 20, 24]),
          [SEED]: new Tensor('float32', seed, [1, seed.length]),
        });
        const cam = outputs[CAM] as Tensor;
        expect(cam.dims).toEqual([1, rows, columns]);
        const largest = Math.max(...expected, 1e-6);
        const errors = Array.from(cam.data as Float32Array, (value, i) => Math.abs(value - (expected[i] as number)));
        expect(Math.max(...errors) / largest).toBeLessThan(1e-5);
        const logits = outputs.output?.data as Float32Array;
        for (const [i, value] of output.entries()) expect(logits[i]).toBeCloseTo(value, 5);
      }
      await session.release();
    },
  );

  it('explains several slices in one run, each with its own label', async () => {
    const { input, cams, rows, columns } = references.get('relu-global') as Reference;
    const session = await InferenceSession.create(appendGradCam(await model('relu-global')).model);
    const twice = Float32Array.from([...input, ...input]);
    const seeds = Float32Array.from([1, 0, 0, 0, 0, 0, 0, 1]);
    const outputs = await session.run({
      input: new Tensor('float32', twice, [2, 3, 20, 24]),
      [SEED]: new Tensor('float32', seeds, [2, 4]),
    });
    const values = outputs[CAM]?.data as Float32Array;
    const size = rows * columns;
    for (let i = 0; i < size; i++) {
      expect(values[i]).toBeCloseTo(cams[0]?.[i] as number, 5);
      expect(values[size + i]).toBeCloseTo(cams[3]?.[i] as number, 5);
    }
    await session.release();
  });

  it('names the operator that it cannot pass, instead of drawing a wrong map', async () => {
    const bytes = await model('hardswish');
    expect(() => appendGradCam(bytes)).toThrow(/cannot pass the operator HardSwish/);
  });

  it('names layers as the graph does, first to last', async () => {
    expect(convolutionalLayers(await model('relu-global'))).toEqual(['/first/Conv', '/last/Conv']);
  });
});

describe('Grad-CAM of the shipped model', () => {
  it('adds less than 10 KB and leaves the logits as they are, but for rounding', async () => {
    const plain = await readFile(join(REPOSITORY, 'models/brain-mri/1.0.0/model.onnx'));
    const { model } = appendGradCam(plain);
    expect(model.length - plain.length).toBeLessThan(10_000);
    const input = new Tensor(
      'float32',
      Float32Array.from({ length: 3 * 128 * 128 }, (_, i) => Math.sin(i)),
      [1, 3, 128, 128],
    );
    const seed = new Tensor('float32', Float32Array.from([1, 0, 0, 0]), [1, 4]);
    const [one, other] = await Promise.all([InferenceSession.create(plain), InferenceSession.create(model)]);
    const before = (await one.run({ input })).logits?.data as Float32Array;
    const after = (await other.run({ input, [SEED]: seed })).logits?.data as Float32Array;
    for (const [index, value] of before.entries()) expect(after[index]).toBeCloseTo(value, 4);
    await Promise.all([one.release(), other.release()]);
  });
});
