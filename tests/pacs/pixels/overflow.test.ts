import { describe, expect, it } from 'vitest';
import { readSlice } from '../../../src/pacs/pixels/readSlice.js';
import { buildEncapsulated, encapsulate, mrElements, us } from '../buildDicom.js';
import { encodePixels, SIZE } from './encodeImage.js';

const JPEG_2000 = '1.2.840.10008.1.2.4.90';

/** The first values of a slice in JPEG 2000 that holds `values` again and again, under a header of 12 bits. */
async function decoded(values: readonly number[], { signed, precision }: { signed: boolean; precision: number }) {
  const all = Array.from({ length: SIZE * SIZE }, (_, index) => values[index % values.length] as number);
  const samples = signed ? Int16Array.from(all) : Uint16Array.from(all);
  const elements = mrElements({
    '00280010': ['US', us(SIZE)],
    '00280011': ['US', us(SIZE)],
    '00280101': ['US', us(12)],
    '00280102': ['US', us(11)],
    '00280103': ['US', us(signed ? 1 : 0)],
  });
  const fragments = encapsulate([await encodePixels(JPEG_2000, samples, precision)]);
  const slice = await readSlice(buildEncapsulated(elements, JPEG_2000, fragments), 1);
  return [...slice.pixels.slice(0, values.length)];
}

describe('a compressed image of more bits than its header says', () => {
  it.each([
    ['signed, of 13 bits', [-5, 0, 100, 2000, 3000, 2047], true, 13],
    ['signed, of 14 bits', [-5, 0, 100, 5000, 3000, -3000], true, 14],
    ['unsigned, of 13 bits', [5, 0, 100, 5000, 3000, 2047], false, 13],
  ])('keeps its values where they are %s', async (_, values, signed, precision) => {
    expect(await decoded(values, { signed, precision })).toEqual(values);
  });

  it('is read without what an overlay left in a high bit, whose group somebody has removed', async () => {
    const values = await decoded([5, 0, 100, 0x8000 + 500, 3000, 2047], { signed: false, precision: 16 });
    expect(values).toEqual([5, 0, 100, 500, 3000, 2047]);
  });
});
