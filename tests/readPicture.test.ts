import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture } from '../src/readPicture.js';
import { temporaryFolder } from './program.js';
import { requirePart } from './requirements.js';

const python = process.env.PYTHON ?? '/usr/bin/python3';
const hasPillow = requirePart(
  'Pillow',
  spawnSync(python, ['-c', 'import PIL, numpy']).status === 0,
  'Install python3-pil and python3-numpy, or set PYTHON.',
);

describe.skipIf(!hasPillow)('readPicture gives the grey values that Pillow gives', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let expected: Map<string, { rows: number; columns: number; pixels: number[] }>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const script = fileURLToPath(new URL('./makePictures.py', import.meta.url));
    const { stdout, stderr, status } = spawnSync(python, ['-B', script, folder.path], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr);
    expected = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map((one) => [one.name, one]),
    );
  });
  afterAll(() => folder.remove());

  // Pillow rounds luma to whole numbers, and decoders of JPEG may differ by one.
  it.each([
    ['grey8.png', 0],
    ['grey1.png', 0],
    ['grey16.png', 0.01],
    ['rgb.png', 1],
    ['palette.png', 1],
    ['palette4.png', 1],
    ['grey.jpg', 1],
    ['rgb.jpg', 3],
  ])('%s, within %d', async (name, tolerance) => {
    const image = readPicture(await readFile(join(folder.path, name)));
    const { rows, columns, pixels } = expected.get(name) as { rows: number; columns: number; pixels: number[] };
    expect([image.rows, image.columns]).toEqual([rows, columns]);
    const worst = pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - (image.pixels[i] as number))), 0);
    expect(worst).toBeLessThanOrEqual(tolerance);
  });

  it('refuses a picture whose header promises more than a slice can be, before it takes memory', async () => {
    const bomb = await readFile(join(folder.path, 'grey8.png'));
    bomb.writeUInt32BE(100_000, 16);
    bomb.writeUInt32BE(100_000, 20);
    expect(() => readPicture(bomb)).toThrow('The picture has more than 16777216 pixels.');
  });

  it.each(['grey8.png', 'grey.jpg'])('refuses half of %s, with its cure', async (name) => {
    const whole = await readFile(join(folder.path, name));
    expect(() => readPicture(whole.subarray(0, whole.length / 2))).toThrow('file is damaged');
  });
});

it('refuses what is neither PNG nor JPEG', () => {
  expect(() => readPicture(Buffer.from('GIF89a'))).toThrow('neither DICOM nor PNG nor JPEG');
});
