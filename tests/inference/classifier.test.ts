import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, openClassifier } from '../../src/inference/classifier.js';
import type { GrayscaleImage } from '../../src/inference/image.js';
import { chooseModel, readModels } from '../../src/inference/manifest.js';
import { PHANTOM_PIXEL_SPACING, phantomVolume, SAMPLE_SEED } from '../../src/sample/phantom.js';
import { REPOSITORY } from '../setup/program.js';

const volume = phantomVolume(SAMPLE_SEED, 22).map((slice): GrayscaleImage => {
  return { ...slice, pixels: Float32Array.from(slice.pixels), pixelSpacing: PHANTOM_PIXEL_SPACING };
});
const image = volume[8] as GrayscaleImage;

function mirrorImage({ pixels, columns, ...rest }: GrayscaleImage): GrayscaleImage {
  const at = (index: number) => index - (index % columns) + columns - 1 - (index % columns);
  return { ...rest, columns, pixels: pixels.map((_, index) => pixels[at(index)] as number) };
}

describe('a model that looks at each slice left for right as well', () => {
  let once: Classifier;
  let twice: Classifier;
  beforeAll(async () => {
    const { manifest, file } = chooseModel(await readModels(join(REPOSITORY, 'models')));
    once = await openClassifier({ file, manifest: { ...manifest, mirrored: false } }, 'cpu');
    twice = await openClassifier({ file, manifest: { ...manifest, mirrored: true } }, 'cpu');
  });
  afterAll(() => Promise.all([once?.close(), twice?.close()]));

  it('sees the mean of both', async () => {
    const [own, other] = await once.view([image, mirrorImage(image)]);
    const [both] = await twice.view([image]);
    for (const [index, logit] of (both?.logits ?? []).entries())
      expect(logit).toBeCloseTo(((own?.logits[index] as number) + (other?.logits[index] as number)) / 2, 2);
    expect(both?.novelty).toBeCloseTo(((own?.novelty as number) + (other?.novelty as number)) / 2, 3);
  });

  it('answers a slice and its mirror image alike, and sees the same on the other side', async () => {
    const [left, right] = await twice.view([image, mirrorImage(image)]);
    for (const [index, logit] of (left?.logits ?? []).entries())
      expect(logit).toBeCloseTo(right?.logits[index] as number, 2);
    const { columns = 0, values = [] } = left?.presence ?? {};
    expect(values.length).toBeGreaterThan(100);
    for (const [cell, value] of values.entries())
      expect(value).toBeCloseTo(right?.presence?.values[cell - 2 * (cell % columns) + columns - 1] as number, 1);
    const [straight] = await once.view([image]);
    const [turned] = await once.view([mirrorImage(image)]);
    expect(Math.abs((straight?.logits[0] as number) - (turned?.logits[0] as number))).toBeGreaterThan(0.02);
  });

  it('answers many images as it answers each', async () => {
    const images = volume.slice(5, 16);
    const together = await twice.view(images);
    expect(together).toHaveLength(11);
    for (const [at, one] of images.entries()) {
      const [alone] = await twice.view([one]);
      for (const [index, logit] of (together[at]?.logits ?? []).entries())
        expect(logit).toBeCloseTo(alone?.logits[index] as number, 3);
      expect(together[at]?.presence?.values[200]).toBeCloseTo(alone?.presence?.values[200] as number, 3);
    }
  });
});

describe('a model that is closed', () => {
  it('ends the run at hand before its thread, and fails what waits behind it as interrupted', async () => {
    const classifier = await openClassifier(chooseModel(await readModels(join(REPOSITORY, 'models'))), 'cpu');
    const runs = [volume, volume, volume].map((images) =>
      classifier.view(images).then(
        (seen) => seen.length,
        (error) => error.code,
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 50)); // the first one computes
    await Promise.all([classifier.close(), classifier.close()]);
    expect(await Promise.all(runs)).toEqual([volume.length, 'INTERRUPTED', 'INTERRUPTED']);
    await expect(classifier.view([image])).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('ends its process in order, whatever it computes', () => {
    const script = `import { chooseModel, readModels } from '${join(REPOSITORY, 'dist/inference/manifest.js')}';
      import { openClassifier } from '${join(REPOSITORY, 'dist/inference/classifier.js')}';
      const classifier = await openClassifier(chooseModel(await readModels('${join(REPOSITORY, 'models')}')), 'cpu');
      const image = { rows: 256, columns: 256, pixels: Float32Array.from({ length: 65536 }, (_, at) => at % 251), pixelSpacing: [1, 1] };
      classifier.view(Array(24).fill(image)).then(({ length }) => console.log(length + ' seen'));
      setTimeout(() => classifier.close(), 30);`;
    for (let round = 0; round < 3; round++) {
      const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      expect(ended).toMatchObject({ status: 0, signal: null, stdout: '24 seen\n', stderr: '' });
    }
  });
});
