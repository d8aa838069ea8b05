import { describe, expect, it } from 'vitest';
import { readSlice } from '../../../src/pacs/pixels/readSlice.js';
import { buildFile, type Elements, mrElements, us } from '../buildDicom.js';

const slice = (elements: Elements) => readSlice(buildFile(mrElements(elements)), 1);
const pixels = async (elements: Elements) => [...(await slice(elements)).pixels];

describe('modality values', () => {
  it('are the stored values where the file has neither LUT nor rescale', async () => {
    expect(await slice({})).toEqual({ rows: 2, columns: 2, pixels: Float32Array.of(0, 1, 2, 3) });
  });

  it('ignore the bits above BitsStored', async () => {
    const twelve: Elements = { '00280101': ['US', us(12)], '00280102': ['US', us(11)] };
    expect(await pixels({ ...twelve, '7FE00010': ['OW', us(0xf001, 0x1002, 0x0fff, 3)] })).toEqual([1, 2, 4095, 3]);
  });

  it('are sign extended from HighBit, not from the word', async () => {
    const signed: Elements = { '00280101': ['US', us(12)], '00280102': ['US', us(11)], '00280103': ['US', us(1)] };
    expect(await pixels({ ...signed, '7FE00010': ['OW', us(0x0fff, 0x0800, 0x07ff, 0xf800)] })).toEqual([
      -1, -2048, 2047, -2048,
    ]);
  });

  it('are shifted down where HighBit leaves bits below unused', async () => {
    const shifted: Elements = { '00280101': ['US', us(12)], '00280102': ['US', us(15)] };
    expect(await pixels({ ...shifted, '7FE00010': ['OW', us(0x0010, 0xfff0, 0x001f, 0)] })).toEqual([1, 4095, 1, 0]);
  });

  it('are slope times stored value plus intercept', async () => {
    expect(await pixels({ '00281052': ['DS', '-10.5'], '00281053': ['DS', '2.5'] })).toEqual([-10.5, -8, -5.5, -3]);
  });

  it('come from the Modality LUT, its ends extended', async () => {
    const item: Elements = { '00283002': ['US', us(2, 1, 16)], '00283006': ['OW', us(500, 700)] };
    expect(await pixels({ '00283000': ['SQ', [item]] })).toEqual([500, 500, 700, 700]);
  });

  it('come from a Modality LUT of 8 bits that takes a byte an entry', async () => {
    const item: Elements = { '00283002': ['US', us(4, 0, 8)], '00283006': ['OW', Uint8Array.from([9, 8, 7, 200])] };
    expect(await pixels({ '00283000': ['SQ', [item]] })).toEqual([9, 8, 7, 200]);
  });

  it('refuse a Modality LUT shorter than its descriptor, and a slope of 0', async () => {
    const item: Elements = { '00283002': ['US', us(200, 1, 16)], '00283006': ['OW', us(500, 700)] };
    await expect(pixels({ '00283000': ['SQ', [item]] })).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
    await expect(pixels({ '00281053': ['DS', '0'] })).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });

  it('are mirrored in MONOCHROME1, and the window with them, so that larger is brighter', async () => {
    const inverted = await slice({
      '00280004': ['CS', 'MONOCHROME1'],
      '00281050': ['DS', '1'],
      '00281051': ['DS', '2'],
    });
    expect([...inverted.pixels]).toEqual([3, 2, 1, 0]);
    expect(inverted.window).toEqual({ center: 2, width: 2, function: 'LINEAR' });
  });

  it('are the minimum where the file pads, also mirrored and as a range', async () => {
    const padding: Elements = { '00280120': ['US', us(3)] };
    expect(await pixels(padding)).toEqual([0, 1, 2, 0]);
    expect(await pixels({ ...padding, '00280004': ['CS', 'MONOCHROME1'] })).toEqual([2, 1, 0, 0]);
    expect(
      await pixels({ ...padding, '00280121': ['US', us(2)], '00281053': ['DS', '-1'], '00281052': ['DS', '0'] }),
    ).toEqual([0, -1, -1, -1].map((value) => value || expect.closeTo(0)));
  });

  it('read signed padding values as signed', async () => {
    const signed: Elements = { '00280103': ['US', us(1)], '00280120': ['SS', us(-2000)] };
    expect(await pixels({ ...signed, '7FE00010': ['OW', us(-2000, 5, 6, 7)] })).toEqual([5, 5, 6, 7]);
  });

  it('of nothing but padding are equal', async () => {
    expect(await pixels({ '00280120': ['US', us(9)], '7FE00010': ['OW', us(9, 9, 9, 9)] })).toEqual([0, 0, 0, 0]);
  });

  it('carry the pixel spacing and the window of the file', async () => {
    const described = await slice({
      '00280030': ['DS', '0.5\\0.75'],
      '00281050': ['DS', '40\\50'],
      '00281051': ['DS', '80\\90'],
    });
    expect(described).toMatchObject({
      pixelSpacing: [0.5, 0.75],
      window: { center: 40, width: 80, function: 'LINEAR' },
    });
  });

  it.each(['RGB', 'PALETTE COLOR', 'YBR_FULL', 'SECRET^PATIENT'])(
    'refuse %s, naming it only where it is a term',
    async (name) => {
      const error = await slice({ '00280004': ['CS', name] }).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'UNSUPPORTED_PIXELS' });
      expect(error.message.includes(name)).toBe(!name.includes('^'));
    },
  );
});
