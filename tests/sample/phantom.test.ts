import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  PHANTOM_COLUMNS,
  type PhantomSlice,
  phantomLesion,
  phantomSlice,
  phantomVolume,
  SAMPLE_SEED,
} from '../../src/sample/phantom.js';

describe('phantomVolume', () => {
  const volume = phantomVolume(SAMPLE_SEED);
  const healthy = phantomVolume(SAMPLE_SEED, 6, null);
  const areas = volume.map(area);

  it('gives the same pixels for the same arguments, and others for another seed', () => {
    const again = phantomSlice(SAMPLE_SEED, 0.5, phantomLesion(SAMPLE_SEED, 'glioma'));
    expect(phantomSlice(SAMPLE_SEED, 0.5, phantomLesion(SAMPLE_SEED, 'glioma'))).toEqual(again);
    expect(phantomSlice(SAMPLE_SEED + 1, 0.5, null).pixels).not.toEqual(phantomSlice(SAMPLE_SEED, 0.5, null).pixels);
  });

  it('draws the slices that phantomSlice draws', () => {
    expect(phantomSlice(SAMPLE_SEED, 7 / 21, phantomLesion(SAMPLE_SEED, 'glioma'))).toEqual(volume[7]);
  });

  it('holds 12-bit values, dark around the head, with the noise of a magnitude image', () => {
    for (const { pixels, columns } of volume) {
      expect(Math.max(...pixels)).toBeLessThanOrEqual(4095);
      expect(Math.max(...pixels)).toBeGreaterThan(1500);
      const corner = Array.from({ length: 400 }, (_, index) => pixels[Math.floor(index / 20) * columns + (index % 20)]);
      const mean = corner.reduce<number>((sum, value) => sum + (value as number), 0) / corner.length;
      expect(mean).toBeGreaterThan(5);
      expect(mean).toBeLessThan(100);
    }
  });

  it('crosses the lesion in neighbouring slices, and leaves others free of tumour', () => {
    const first = areas.findIndex((size) => size > 0);
    const last = areas.findLastIndex((size) => size > 0);
    expect(areas.slice(first, last + 1).every((size) => size > 0)).toBe(true);
    expect(last - first).toBeGreaterThanOrEqual(4);
    expect(areas.filter((size) => size === 0).length).toBeGreaterThanOrEqual(8);
  });

  it('moves the lesion little from slice to slice: it is one body', () => {
    const centres = volume.filter((slice) => area(slice) > 150).map(centre);
    for (const [index, here] of centres.entries()) {
      const before = centres[index - 1];
      if (before) expect(Math.hypot(here[0] - before[0], here[1] - before[1])).toBeLessThan(12);
    }
  });

  it('gives a glioma a bright rim around a dark core', () => {
    const largest = volume[areas.indexOf(Math.max(...areas))] as PhantomSlice;
    const inside = largest.pixels.filter((_, index) => largest.lesionMask[index] === 1).sort();
    const quantile = (share: number) => inside[Math.floor(share * (inside.length - 1))] as number;
    expect(quantile(0.8)).toBeGreaterThan(3 * quantile(0.15));
  });

  it('marks no tumour in a healthy head', () => {
    expect(healthy.map(area)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('narrows towards the crown', () => {
    const headArea = ({ pixels }: PhantomSlice) => pixels.filter((value) => value > 300).length;
    expect(headArea(volume.at(-1) as PhantomSlice)).toBeLessThan(0.6 * headArea(volume[6] as PhantomSlice));
  });

  it.each(['meningioma', 'pituitary'] as const)('shows a %s in some slices of any head', (label) => {
    for (const seed of [31, 32, 33]) {
      const slices = phantomVolume(seed, 12, phantomLesion(seed, label));
      expect(Math.max(...slices.map(area))).toBeGreaterThan(100);
    }
  });
});

describe('dumpPhantoms', () => {
  it('writes the slices of other heads than the sample’s, each with its truth', () => {
    const folder = mkdtempSync(join(tmpdir(), 'phantoms-'));
    try {
      const program = fileURLToPath(new URL('../../dist/sample/dumpPhantoms.js', import.meta.url));
      execFileSync(process.execPath, [program, folder, '--count', '1', '--slices', '8']);
      const index = JSON.parse(readFileSync(join(folder, 'phantoms.json'), 'utf8'));
      const size = index.rows * index.columns;
      expect(statSync(join(folder, 'pixels.u16')).size).toBe(index.slices.length * size * 2);
      const masks = readFileSync(join(folder, 'masks.u8'));
      for (const [number, { seed, label, area: stated }] of index.slices.entries()) {
        const marked = masks.subarray(number * size, (number + 1) * size).reduce((sum, value) => sum + value, 0);
        expect(marked).toBe(stated);
        expect(label).toBe(marked > 0 ? 'glioma' : 'no_tumor');
        expect(seed).not.toBe(SAMPLE_SEED);
      }
      expect(new Set(index.slices.map((slice: { label: string }) => slice.label))).toEqual(
        new Set(['glioma', 'no_tumor']),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function area({ lesionMask }: PhantomSlice): number {
  return lesionMask.reduce((sum, value) => sum + value, 0);
}

function centre(slice: PhantomSlice): [number, number] {
  let [x, y] = [0, 0];
  slice.lesionMask.forEach((value, index) => {
    x += value * (index % PHANTOM_COLUMNS);
    y += value * Math.floor(index / PHANTOM_COLUMNS);
  });
  return [x / area(slice), y / area(slice)];
}
