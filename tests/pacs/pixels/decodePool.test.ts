import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UnsupportedTransferSyntax } from '../../../src/errors/errors.js';
import { createDecodePool } from '../../../src/pacs/pixels/decodePool.js';
import { buildFile, type Elements, mrElements, us } from '../buildDicom.js';

const folder = mkdtempSync(join(tmpdir(), 'pool-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const LIMITS = { threads: 2, timeoutMs: 20_000, memoryMb: 256 };

describe('decode pool', () => {
  const pool = createDecodePool(LIMITS);
  afterAll(() => pool.close());

  it('reads slices by path and by bytes', async () => {
    const bytes = buildFile(mrElements({ '00280030': ['DS', '1\\2'] }));
    const expected = {
      rows: 2,
      columns: 2,
      pixels: Float32Array.of(0, 1, 2, 3),
      pixelSpacing: [1, 2],
      pixelAspect: 0.5,
    };
    expect(await pool.readSlice(write('a.dcm', bytes), 1)).toEqual(expected);
    expect(await pool.readSlice(bytes, 1)).toEqual(expected);
  });

  it('reads stored values, which no LUT has touched', async () => {
    const stored: Elements = { '00280101': ['US', us(12)], '00280102': ['US', us(11)], '00280103': ['US', us(1)] };
    const values: Elements = { '00281053': ['DS', '10'], '7FE00010': ['OW', us(0xf001, 0x0fff, 0x0800, 0)] };
    expect(await pool.readStoredFrame(buildFile(mrElements({ ...stored, ...values })), 1)).toEqual({
      rows: 2,
      columns: 2,
      samplesPerPixel: 1,
      bitsStored: 12,
      photometricInterpretation: 'MONOCHROME2',
      colourSpace: 'MONOCHROME2',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      numberOfFrames: 1,
      pixels: Int16Array.of(1, -1, -2048, 0),
    });
  });

  it('answers each of many concurrent calls with its own slice', async () => {
    const values = Array.from({ length: 60 }, (_, index) => index);
    const slices = await Promise.all(
      values.map((value) =>
        pool.readSlice(buildFile(mrElements({ '7FE00010': ['OW', us(value, value, value, value)] })), 1),
      ),
    );
    expect(slices.map(({ pixels }) => pixels[3])).toEqual(values);
  });

  it('reads a file again when it has changed', async () => {
    const path = write('changing.dcm', buildFile(mrElements()));
    expect((await pool.readSlice(path, 1)).pixels[3]).toBe(3);
    write('changing.dcm', buildFile(mrElements({ '00280008': ['IS', '1'], '7FE00010': ['OW', us(7, 7, 7, 7)] })));
    expect((await pool.readSlice(path, 1)).pixels[3]).toBe(7);
  });

  it('fails with the classes that decoding fails with', async () => {
    const unknown = pool.readSlice(buildFile(mrElements(), '1.2.840.10008.1.2.4.112'), 1);
    await expect(unknown).rejects.toBeInstanceOf(UnsupportedTransferSyntax);
    await expect(unknown).rejects.toMatchObject({ code: 'UNSUPPORTED_TRANSFER_SYNTAX', message: /JPEG XL/ });
    await expect(pool.readSlice(Buffer.from('no'), 1)).rejects.toMatchObject({ code: 'INVALID_DICOM' });
    await expect(pool.readSlice(join(folder, 'missing'), 1)).rejects.toMatchObject({
      code: 'UNDECODABLE_PIXELS',
      message: /gone from DATA_DIR/,
    });
  });
});

describe('a file of many frames', () => {
  const FRAME = 2 * 1024 * 1024;
  const many = (frames: number, pixels = new Uint8Array(frames * FRAME)): Elements => ({
    '00280008': ['IS', String(frames)],
    '00280010': ['US', us(1024)],
    '00280011': ['US', us(1024)],
    '7FE00010': ['OW', pixels],
  });
  /** Changes the last bytes, which are the last frame's, so that a size and a time do not tell. */
  const changeUnseen = async (path: string) => {
    const { atime, mtime, size } = await stat(path);
    const file = await open(path, 'r+');
    await file.write(Uint8Array.of(9, 0), 0, 2, size - 2);
    await file.close();
    await utimes(path, atime, mtime);
  };

  it('is read once, not for each frame, though it is larger than 256 MiB', async () => {
    const pool = createDecodePool({ ...LIMITS, threads: 1, memoryMb: 1024 });
    try {
      const path = write('many.dcm', buildFile(mrElements(many(140))));
      await utimes(path, 1_700_000_000, 1_700_000_000);
      await pool.readSlice(path, 1);
      await changeUnseen(path);
      expect((await pool.readSlice(path, 140)).pixels.at(-1)).toBe(0);
    } finally {
      await pool.close();
    }
  });
});

describe('the limits of a decode pool', () => {
  it('stop a frame that takes too long, and the next one is read', async () => {
    const elements: Elements = {
      '00280004': ['CS', 'MONOCHROME1'],
      '00280010': ['US', us(4096)],
      '00280011': ['US', us(4096)],
      '00283000': ['SQ', [{ '00283002': ['US', us(2, 0, 16)], '00283006': ['OW', us(1, 2)] }]],
      '7FE00010': ['OW', new Uint8Array(2 * 4096 * 4096)],
    };
    const large = buildFile(mrElements(elements));
    const slow = write('slow.dcm', large);
    const small = write('small.dcm', buildFile(mrElements()));
    const pool = createDecodePool({ threads: 1, timeoutMs: 100, memoryMb: 256 });
    try {
      const [first, second] = await Promise.allSettled([pool.readSlice(slow, 1), pool.readSlice(small, 1)]);
      expect(first).toMatchObject({ reason: { code: 'UNDECODABLE_PIXELS', message: /took longer than 100 ms/ } });
      expect(second).toMatchObject({ value: { pixels: Float32Array.of(0, 1, 2, 3) } });
    } finally {
      await pool.close();
    }
  });

  it('refuse a file larger than the memory of a decoder', async () => {
    const pool = createDecodePool({ ...LIMITS, threads: 1, memoryMb: 16 });
    const large = write('large.dcm', buildFile(mrElements({ '7FE00010': ['OW', new Uint8Array(17 * 1024 * 1024)] })));
    try {
      await expect(pool.readSlice(large, 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS', message: /16 MB/ });
    } finally {
      await pool.close();
    }
  });
});
