import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bestSlice, compareMaps, type Exported } from '../../../benchmarks/compareMaps.mjs';
import { hasTorch, runReference } from './reference.js';

const architectures = [
  'convnext_tiny',
  'densenet121',
  'efficientnet_b0',
  'googlenet',
  'inception_v3',
  'mnasnet1_0',
  'mobilenet_v2',
  'mobilenet_v3_large',
  'mobilenet_v3_small',
  'regnet_y_400mf',
  'resnet18',
  'resnet50',
  'shufflenet_v2_x1_0',
  'squeezenet1_1',
  'vgg16',
];
const opsets = [11, 13, 16];
/** Every operator as it is exported; the others are in docs/explanations-accuracy.md. */
const asExported = architectures.filter(
  (name) => !/^(convnext|inception|mnasnet|mobilenet_v3_small|resnet50)/.test(name),
);

// Every layer, by every method, for two labels and a contrast; docs/explanations-accuracy.md has larger inputs.
describe.skipIf(!hasTorch)('the maps of all layers of a classifier equal autograd in float64', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mrimaster-architectures-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const sizes: Record<string, number> = { inception_v3: 96, efficientnet_b0: 128 };
  const size = (name: string) => sizes[name] ?? 64;
  const smooth = architectures.map((name) => `${name}:smooth:13:${size(name)}:2`);
  const fused = asExported.map((name, index) => `${name}:fused:${opsets[index % 3]}:${size(name)}:4`);
  const exported = hasTorch
    ? runReference<Exported>('exportArchitectures.py', [folder, ...smooth, ...fused, 'brain-mri:shipped:13:160:2'])
    : [];

  it.each(exported.filter(({ variant }) => variant === 'smooth'))(
    '$architecture, its activations smooth: within 1e-4 everywhere, but where float32 itself is not',
    async (one) => {
      const { maps, logitsError, unsupported, unexplainable } = await compareMaps(folder, one);
      expect([unsupported, unexplainable]).toEqual([[], []]);
      expect(logitsError).toBeLessThan(1e-4);
      // Where the terms of a sum nearly cancel, float32 holds fewer digits, and how many depends on the processor's
      // order of summation: on some, one 1×1 map of regnet differs by 1.4e-4, PyTorch's own by 0.4e-4.
      const far = ({ errors, gaps }: (typeof maps)[number]) =>
        errors.some((error, slice) => !(error <= Math.max(1e-4, 5 * (gaps[slice] ?? 0))));
      expect(maps.filter(far)).toEqual([]);
    },
  );

  it.each(exported.filter(({ variant }) => variant !== 'smooth'))(
    "$architecture as exported, opset $opset: as near as PyTorch's own float32",
    async (one) => {
      const { maps, unsupported, unexplainable } = await compareMaps(folder, one);
      expect([unsupported, unexplainable]).toEqual([[], []]);
      const [ours, theirs] = [bestSlice(maps), bestSlice(maps, 'gaps')];
      expect(ours.median).toBeLessThan(1e-5);
      expect(ours.largest).toBeLessThan(Math.max(1e-4, 3 * theirs.largest));
    },
  );
});
