import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../src/images/readPicture.js';
import { preprocess } from '../../src/inference/preprocess.js';
import { SHIPPED } from '../setup/shippedModel.js';
import { evaluate, hasPython } from './python.js';

describe.skipIf(!hasPython('numpy', 'scipy', 'PIL'))('the slices that the card judges', () => {
  it('are those that the server sees', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mrimaster-pictures-'));
    try {
      const files = await Promise.all(
        [40, 61].map(async (width, number) => {
          const data = Uint8Array.from({ length: width * 50 }, (_, index) => 90 + 80 * Math.sin(index / (7 + number)));
          const bytes = encode({ width, height: 50, data, channels: 1, depth: 8 });
          const file = join(folder, `${number}.png`);
          await writeFile(file, bytes);
          return { file, bytes };
        }),
      );
      const rows = JSON.stringify(files.map(({ file }) => ({ file })));
      const seen = evaluate(
        `from pictures import as_served\npart = as_served({"rows": ${rows}}, "")`,
        'part["images"].reshape(len(part["images"]), -1).tolist()',
      );
      const { input, geometry } = SHIPPED.manifest;
      for (const [index, { bytes }] of files.entries()) {
        const expected = preprocess(readPicture(bytes), { ...input, channels: 1, mean: [0], std: [1] }, geometry).input;
        const worst = Math.max(...expected.map((value, at) => Math.abs(value - seen[index][at])));
        expect(worst).toBeLessThan(1e-5);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
