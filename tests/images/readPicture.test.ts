import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture } from '../../src/images/readPicture.js';
import { REPOSITORY, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';
import { greyPng, pngChunk } from './buildPng.js';

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

describe('a PNG that is a bomb', () => {
  const profile = Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(Buffer.alloc(600e6))]);
  const text = Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(Buffer.alloc(600e6))]);
  const bombs: [string, Buffer, string][] = [
    ['of pixels', greyPng(64, 64, { inflated: 600e6 }), 'more than its header says'],
    ['of a colour profile', greyPng(64, 64, { behind: [pngChunk('iCCP', profile)] }), '64 64'],
    ['of text', greyPng(64, 64, { behind: [pngChunk('zTXt', text)] }), '64 64'],
  ];

  it.each(bombs)('%s takes no more memory than its header says', async (name, bytes, said) => {
    const folder = await temporaryFolder();
    const file = join(folder.path, `${name}.png`);
    await writeFile(file, bytes);
    const script = `
      import { readFileSync } from 'node:fs';
      import { readPicture } from ${JSON.stringify(join(REPOSITORY, 'dist/images/readPicture.js'))};
      const before = process.resourceUsage().maxRSS;
      try {
        const { rows, columns } = readPicture(readFileSync(${JSON.stringify(file)}));
        console.log(rows, columns);
      } catch (error) {
        console.log(error.message);
      }
      console.log('MiB:', (process.resourceUsage().maxRSS - before) / 1024);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    await folder.remove();
    expect(stdout).toContain(said);
    expect(Number(/MiB: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(150);
  });

  it.each([1, 2, 3, 7, 64, 333])('is none that is interlaced and %i pixels wide', (side) => {
    const passes = [
      [0, 0, 8, 8],
      [4, 0, 8, 8],
      [0, 4, 4, 8],
      [2, 0, 4, 4],
      [0, 2, 2, 4],
      [1, 0, 2, 2],
      [0, 1, 1, 2],
    ];
    let inflated = 0;
    for (const [x, y, across, down] of passes as [number, number, number, number][]) {
      const [columns, rows] = [Math.ceil((side - x) / across), Math.ceil((side - y) / down)];
      if (columns > 0 && rows > 0) inflated += rows * (1 + columns);
    }
    const interlaced = greyPng(side, side, { inflated });
    interlaced[28] = 1; // IHDR's last byte
    interlaced.writeUInt32BE(crc32(interlaced.subarray(12, 29)), 29);
    expect(readPicture(interlaced).pixels).toHaveLength(side * side);
    const larger = greyPng(side, side, { inflated: inflated + 1 });
    larger[28] = 1;
    larger.writeUInt32BE(crc32(larger.subarray(12, 29)), 29);
    expect(() => readPicture(larger)).toThrow('more than its header says');
  });
});
