import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { GrayscaleImage } from '../../src/inference/image.js';
import { type Geometry, type InputSpec, preprocess } from '../../src/inference/preprocess.js';
import { phantomSlice } from '../../src/sample/phantom.js';
import { requirePart } from '../setup/requirements.js';

type Case = Omit<GrayscaleImage, 'pixels'> & { spec: InputSpec; geometry?: Geometry };

const python = '/usr/bin/python3';
const root = fileURLToPath(new URL('../../', import.meta.url));
const realSlices = `${root}../shared/data/slices/images`;
const head: Geometry = { crop: 'content', pad: 'square' };
const spec: InputSpec = { rows: 128, columns: 128, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const grey: InputSpec = { rows: 64, columns: 64, channels: 1, mean: [0], std: [1] };

describe('preprocessing equals the training’s in numpy', () => {
  const fixture = `${root}tests/fixtures/preprocess/cases.json`;
  const cases: (Case & { name: string; pixels: string; input: string; frame: object })[] = JSON.parse(
    readFileSync(fixture, 'utf8'),
  );
  it.each(cases)('for $name (recorded)', ({ pixels, input, frame, ...rest }) => {
    const result = preprocess({ ...rest, pixels: unpack(pixels) }, rest.spec, rest.geometry);
    expect(largestDifference(result.input, unpack(input))).toBeLessThan(1e-3);
    expect(result.frame).toEqual(frame);
  });

  const present = runs(python, ['-c', 'import numpy']);
  describe.skipIf(!requirePart('Python', present, `${python} with numpy (Debian: python3-numpy) is not installed.`))(
    'on this machine',
    () => {
      it('for phantom slices, noise, 16-bit, anisotropic, tiny and constant images', () => {
        const random = numbers(11);
        const images: GrayscaleImage[] = [
          ...[0, 0.3, 0.6, 1].map((position) => fromPhantom(3, position)),
          { ...fromPhantom(4, 0.5), pixelSpacing: [1.7, 0.43] },
          { rows: 200, columns: 320, pixels: Float32Array.from({ length: 64000 }, () => random() * 65535 - 32768) },
          { rows: 512, columns: 512, pixels: ellipse(512, 512, 200, 160, () => Math.floor(random() * 40)) },
          { rows: 2, columns: 3, pixels: Float32Array.of(5, 1, 9, -4, 0, 2) },
          { rows: 5, columns: 5, pixels: new Float32Array(25).fill(7) },
        ];
        compareWithPython(images.map((image) => ({ image, spec, geometry: head })));
      });

      const pillow = present && runs(python, ['-c', 'import PIL']) && existsSync(realSlices);
      it.skipIf(!requirePart('real slices', pillow, 'They need ../shared/data/slices and python3-pil.'))(
        'for real slices',
        () => {
          const files = readdirSync(realSlices).filter((_, index) => index % 400 === 0);
          const decode = `import sys, json, numpy as np\nfrom PIL import Image\nfor f in sys.argv[1:]:\n  a = np.asarray(Image.open(f).convert('L'))\n  print(json.dumps({'rows': a.shape[0], 'columns': a.shape[1], 'pixels': a.ravel().tolist()}))`;
          const decoded = lines(
            run(python, ['-c', decode, ...files.map((file) => `${realSlices}/${file}`)], ''),
          ) as (GrayscaleImage & { pixels: number[] })[];
          expect(decoded.length).toBeGreaterThan(5);
          compareWithPython(
            decoded.map((image) => ({
              image: { ...image, pixels: Float32Array.from(image.pixels) },
              spec,
              geometry: head,
            })),
          );
        },
      );
    },
  );
});

describe('preprocess', () => {
  it('gives the same input whatever the unit of the pixel values', () => {
    const image = fromPhantom(5, 0.55);
    const rescaled = { ...image, pixels: image.pixels.map((value) => value * 0.031 - 200) };
    expect(largestDifference(preprocess(image, spec, head).input, preprocess(rescaled, spec, head).input)).toBeLessThan(
      1e-3,
    );
  });

  it('gives the same input however wide the empty border of the field of view is', () => {
    const narrow = crop({ rows: 240, columns: 240, pixels: ellipse(240, 240, 75, 60) }, 40, 45, 160, 150);
    const wide = { rows: 240, columns: 240, pixels: ellipse(240, 240, 75, 60) };
    const [a, b] = [preprocess(narrow, grey, head), preprocess(wide, grey, head)];
    expect(largestDifference(a.input, b.input)).toBeLessThan(1e-3);
    expect(b.frame.top - a.frame.top).toBe(40);
    expect(b.frame.left - a.frame.left).toBe(45);
  });

  it('is not led astray by specks of noise and letters outside the head', () => {
    const clean = ellipse(200, 200, 70, 55);
    const spotted = clean.slice();
    const random = numbers(3);
    for (let count = 0; count < 60; count++) spotted[Math.floor(random() * 8) * 200 + Math.floor(random() * 200)] = 500;
    for (let column = 4; column < 10; column++) spotted[195 * 200 + column] = 4000;
    const frame = (pixels: Float32Array) => preprocess({ rows: 200, columns: 200, pixels }, grey, head).frame;
    expect(frame(spotted)).toEqual(frame(clean));
  });

  it('says which rectangle of the slice the input covers', () => {
    // 90 × 60 mm of head in pixels of 1.5 × 1 mm: the frame is a square of 90 mm around it.
    const pixels = new Float32Array(100 * 100);
    for (let row = 20; row < 80; row++) pixels.fill(100, row * 100 + 10, row * 100 + 70);
    const { frame, input } = preprocess({ rows: 100, columns: 100, pixels, pixelSpacing: [1.5, 1] }, grey, head);
    expect(frame).toEqual({ top: 20, left: -5, height: 60, width: 90 });
    const middle = Array.from(input.subarray(32 * 64, 33 * 64));
    expect(middle.findIndex((value) => value > 0.5)).toBe(11); // 15 of 90 mm of padding, of 64 columns
    expect(middle.findLastIndex((value) => value > 0.5)).toBe(52);
  });

  it('gives zeros for one value everywhere, and for no finite value at all', () => {
    for (const value of [0, 300, -5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const pixels = new Float32Array(30).fill(value);
      expect([...preprocess({ rows: 5, columns: 6, pixels }, grey, head).input]).toEqual(new Array(64 * 64).fill(0));
    }
  });

  it('leaves the caller’s pixels as they were', () => {
    const pixels = Float32Array.of(1, Number.NaN, 3, 4);
    preprocess({ rows: 2, columns: 2, pixels }, grey, head);
    expect([...pixels]).toEqual([1, Number.NaN, 3, 4]);
  });
});

function compareWithPython(cases: { image: GrayscaleImage; spec: InputSpec; geometry: Geometry }[]): void {
  const sent = cases.map(({ image, ...rest }) => JSON.stringify({ ...image, ...rest, pixels: [...image.pixels] }));
  const received = lines(run(python, [`${root}training/preprocess.py`], sent.join('\n'))) as {
    input: number[];
    frame: object;
  }[];
  expect(received).toHaveLength(cases.length);
  for (const [index, { image, spec, geometry }] of cases.entries()) {
    const { input, frame } = preprocess(image, spec, geometry);
    expect(largestDifference(input, Float32Array.from(received[index]?.input ?? []))).toBeLessThan(1e-3);
    expect(frame).toEqual(received[index]?.frame);
  }
}

function runs(command: string, args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

function run(command: string, args: string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function lines(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function unpack(text: string): Float32Array {
  const bytes = inflateSync(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] as number))), 0);
}

function fromPhantom(seed: number, position: number): GrayscaleImage {
  const { rows, columns, pixels } = phantomSlice(seed, position, null);
  return { rows, columns, pixels: Float32Array.from(pixels) };
}

function crop(image: GrayscaleImage, top: number, left: number, rows: number, columns: number): GrayscaleImage {
  const pixels = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const start = (top + row) * image.columns + left;
    pixels.set(image.pixels.subarray(start, start + columns), row * columns);
  }
  return { rows, columns, pixels };
}

function ellipse(rows: number, columns: number, height: number, width: number, noise = () => 0): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const y = (Math.floor(index / columns) - rows / 2 + 0.5) / height;
    const x = ((index % columns) - columns / 2 + 0.5) / width;
    const inside = Math.hypot(x, y) < 1;
    return (inside ? 600 + 250 * Math.sin(9 * x) * Math.cos(6 * y) : 0) + noise();
  });
}

function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
