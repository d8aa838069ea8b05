import { describe, expect, it } from 'vitest';
import { applyVoiLut, defaultWindow } from '../../../src/pacs/pixels/applyVoiLut.js';
import { readSlice } from '../../../src/pacs/pixels/readSlice.js';
import { buildFile, type Elements, mrElements, us } from '../buildDicom.js';

const grey = (values: number[], window?: Parameters<typeof applyVoiLut>[0]['window']) => [
  ...applyVoiLut({ rows: 1, columns: values.length, pixels: Float32Array.from(values), ...(window && { window }) }),
];

describe('grey for display', () => {
  it('is linear with the offset of PS3.3 C.11.2.1.2.1', () => {
    // The standard's example: centre 2048, width 4096 maps 0 to black and 4095 to white.
    expect(grey([-5, 0, 4095, 9000], { center: 2048, width: 4096, function: 'LINEAR' })).toEqual([0, 0, 255, 255]);
    // Centre 0, width 100: black up to -50, white from 49.
    expect(grey([-50, -49, 48, 49], { center: 0, width: 100, function: 'LINEAR' })).toEqual([0, 3, 252, 255]);
  });

  it('is a threshold at half below the centre where the width is 1', () => {
    expect(grey([99.4, 99.5, 99.6], { center: 100, width: 1, function: 'LINEAR' })).toEqual([0, 0, 255]);
  });

  it('is linear without offset by LINEAR_EXACT', () => {
    expect(grey([0, 50, 100], { center: 50, width: 100, function: 'LINEAR_EXACT' })).toEqual([0, 128, 255]);
  });

  it('is sigmoid by SIGMOID', () => {
    // 255 / (1 + exp(-4 (x - 50) / 100))
    expect(grey([0, 50, 100], { center: 50, width: 100, function: 'SIGMOID' })).toEqual([30, 128, 225]);
  });

  it('spans the 1st to the 99.5th percentile without a window', () => {
    const values = Array.from({ length: 1001 }, (_, index) => index);
    expect(defaultWindow(Float32Array.from(values))).toEqual({ center: 502.5, width: 985, function: 'LINEAR_EXACT' });
    expect(grey(values)[10]).toBe(0);
    expect(grey(values)[995]).toBe(255);
  });

  it('of a constant slice is defined', () => {
    expect(new Set(grey([7, 7, 7])).size).toBe(1);
  });

  const table: Elements = { '00283002': ['US', us(4, 10, 8)], '00283006': ['OW', us(0, 51, 102, 255)] };
  const display = async (elements: Elements) => [
    ...applyVoiLut(await readSlice(buildFile(mrElements({ '7FE00010': ['OW', us(0, 11, 12, 99)], ...elements })), 1)),
  ];

  it('comes from the VOI LUT, its ends extended, where there is no window', async () => {
    const lut: Elements = { '00283010': ['SQ', [table]] };
    expect(await display(lut)).toEqual([0, 51, 102, 255]);
    expect(await display({ ...lut, '00281050': ['DS', '11.5'], '00281051': ['DS', '1'] })).toEqual([0, 0, 255, 255]);
  });

  it('comes from a table of 16 bits, a byte each of 8 bits, or of negative values', async () => {
    const wide: Elements = { '00283002': ['US', us(4, 10, 12)], '00283006': ['OW', us(0, 819, 1638, 4095)] };
    expect(await display({ '00283010': ['SQ', [wide]] })).toEqual([0, 51, 102, 255]);
    const bytes: Elements = { ...table, '00283006': ['OW', Uint8Array.from([0, 51, 102, 255])] };
    expect(await display({ '00283010': ['SQ', [bytes]] })).toEqual([0, 51, 102, 255]);
    const negative: Elements = { ...table, '00283002': ['SS', us(4, -1, 8)] };
    expect(await display({ '00283010': ['SQ', [negative]], '7FE00010': ['OW', us(0, 1, 2, 3)] })).toEqual([
      51, 102, 255, 255,
    ]);
  });

  it('is mirrored in MONOCHROME1', async () => {
    const mirrored: Elements = { '00280004': ['CS', 'MONOCHROME1'], '00283010': ['SQ', [table]] };
    expect(await display(mirrored)).toEqual([255, 204, 153, 0]);
  });

  it('comes from the groups of the frame in Enhanced objects', async () => {
    const groups: Elements = { '00289132': ['SQ', [{ '00283010': ['SQ', [table]] }]] };
    expect(await display({ '52009229': ['SQ', [groups]] })).toEqual([0, 51, 102, 255]);
  });

  it('does without a VOI LUT shorter than its descriptor says', async () => {
    const lying: Elements = { ...table, '00283002': ['US', us(0, 10, 8)] };
    expect(await display({ '00283010': ['SQ', [lying]] })).toEqual(await display({}));
  });
});
