import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../src/inference/decide.js';
import { mirror } from '../../src/inference/mirror.js';
import { preprocess } from '../../src/inference/preprocess.js';
import { PHANTOM_PIXEL_SPACING, phantomVolume, SAMPLE_SEED } from '../../src/sample/phantom.js';
import { SHIPPED, SHIPPED_FOLDER, SHIPPED_VERSION } from '../setup/shippedModel.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(`${SHIPPED_FOLDER}/manifest.json`, 'utf8'));
const graph = readFileSync(SHIPPED.file);
const { rows, columns } = manifest.input;

describe(`brain-mri ${SHIPPED_VERSION}`, () => {
  let session: InferenceSession;
  beforeAll(async () => {
    session = await InferenceSession.create(graph, { intraOpNumThreads: 1 });
  });

  const logitsOf = async (input: Float32Array, slices = 1) => {
    const { logits } = await session.run({ input: new Tensor('float32', input, [slices, 3, rows, columns]) });
    if (!logits) throw new Error('The graph has no output named logits.');
    return [...(logits.data as Float32Array)];
  };

  it('is the graph that its manifest was written for, small enough to commit', () => {
    expect(createHash('sha256').update(graph).digest('hex')).toBe(manifest.sha256);
    expect(graph.length).toBeLessThan(15e6);
    for (const { name } of manifest.layers) expect(graph.includes(name)).toBe(true);
  });

  it('gives in ONNX Runtime the logits and the novelty that training gave at export', async () => {
    const fixture = JSON.parse(readFileSync(`${root}tests/fixtures/models/brain-mri-${SHIPPED_VERSION}.json`, 'utf8'));
    const bytes = Buffer.from(fixture.bytes, 'base64');
    const plane = Float32Array.from(bytes, (value) => (value / 255 - 0.5) / 0.5);
    const input = Float32Array.from([...plane, ...plane, ...plane]);
    const logits = await logitsOf(input);
    const { novelty } = await session.run({ input: new Tensor('float32', input, [1, 3, rows, columns]) });
    expect(Number(novelty?.data[0])).toBeCloseTo(fixture.novelty, 3);
    for (const [index, expected] of fixture.logits.entries()) expect(logits[index]).toBeCloseTo(expected, 3);
    expect(Math.max(...logits) - Math.min(...logits)).toBeGreaterThan(1);
  });

  it('answers a batch as it answers each slice', async () => {
    const planes = [0.3, 0.8].map((share) =>
      Float32Array.from({ length: 3 * rows * columns }, (_, index) => Math.sin((index % columns) * share)),
    );
    const together = await logitsOf(Float32Array.from(planes.flatMap((plane) => [...plane])), 2);
    const alone = (await Promise.all(planes.map((plane) => logitsOf(plane)))).flat();
    for (const [index, value] of alone.entries()) expect(together[index]).toBeCloseTo(value, 4);
  });

  it('finds the sample study’s glioma, and little in its tumour-free slices', async () => {
    const verdicts = [];
    for (const slice of phantomVolume(SAMPLE_SEED)) {
      const image = { ...slice, pixels: Float32Array.from(slice.pixels), pixelSpacing: PHANTOM_PIXEL_SPACING };
      const { input } = preprocess(image, manifest.input, manifest.geometry);
      const [own, mirrored] = [await logitsOf(input), await logitsOf(mirror(input, columns))];
      const both = own.map((logit, index) => (logit + (mirrored[index] as number)) / 2);
      // Whether it also answers is another matter: a computed head is like none that it learned from.
      const { label } = decide(Float32Array.from(both), SHIPPED.manifest);
      const area = slice.lesionMask.reduce((sum, value) => sum + value, 0);
      verdicts.push({ area, label });
    }
    const crossing = verdicts.filter(({ area }) => area >= 150);
    const free = verdicts.filter(({ area }) => area === 0);
    expect(crossing.length).toBeGreaterThanOrEqual(4);
    expect(crossing.filter(({ label }) => label === 'glioma').length).toBeGreaterThanOrEqual(0.75 * crossing.length);
    expect(free.filter(({ label }) => label === 'no_tumor').length).toBeGreaterThanOrEqual(0.75 * free.length);
  });

  it('is never so sure of a pituitary tumour that a meningioma is left out', () => {
    const sure = Float32Array.from(manifest.labels, (label: string) => (label === 'pituitary' ? 40 : 0));
    const { confidence, label } = decide(sure, SHIPPED.manifest);
    expect(label).toBe('pituitary');
    expect(confidence).toBeLessThan(0.98);
    expect(confidence).toBeCloseTo(1 - manifest.calibration.lookalikes[0].share, 9);
  });
});
