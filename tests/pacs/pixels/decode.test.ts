import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import dcmjsCodecs from 'dcmjs-codecs';
import { describe, expect, it } from 'vitest';
import { decodeFrame } from '../../../src/pacs/pixels/decode.js';
import { readSlice } from '../../../src/pacs/pixels/readSlice.js';
import { readStoredFrame } from '../../../src/pacs/pixels/storedFrame.js';
import { buildEncapsulated, buildFile, type Elements, encapsulate, mrElements, us } from '../buildDicom.js';
import { caseFile, hasCases } from '../sharedData.js';

describe('HTJ2K, which only the codec under test can write here', () => {
  const { Context, NativeCodecs } = dcmjsCodecs;
  const size = 96;
  const image = (seed: number) =>
    Uint16Array.from({ length: size * size }, (_, at) => 30000 + 20000 * Math.sin(at / seed) + ((at * 7919) % 997));
  const encode = async (pixels: Uint16Array) => {
    await NativeCodecs.initializeAsync();
    const decoded = {
      width: size,
      height: size,
      bitsAllocated: 16,
      bitsStored: 16,
      samplesPerPixel: 1,
      pixelRepresentation: 0,
    };
    const decodedBuffer = new Uint8Array(pixels.buffer);
    const context = new Context({
      ...decoded,
      planarConfiguration: 0,
      photometricInterpretation: 'MONOCHROME2',
      decodedBuffer,
    });
    const bytes = Buffer.from(NativeCodecs.encodeHtJpeg2000(context, { lossy: false }).getEncodedBuffer() ?? []);
    return bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
  };
  const file = (fragment: Buffer) =>
    buildEncapsulated(
      mrElements({ '00280010': ['US', us(size)], '00280011': ['US', us(size)] }),
      '1.2.840.10008.1.2.4.201',
      encapsulate([fragment]),
    );

  it('comes back as it was', async () => {
    const pixels = image(50);
    expect((await decodeFrame(file(await encode(pixels)), 1)).pixels).toEqual(pixels);
  });

  it('is refused when half of it is missing, which the decoder itself does not notice', async () => {
    const bytes = await encode(image(70));
    await decodeFrame(file(bytes), 1);
    const half = Buffer.concat([bytes.subarray(0, bytes.length / 2), Buffer.from([0xff, 0xd9])]);
    await expect(decodeFrame(file(half), 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });
});

it('decodes single bits in JPEG 2000, which DCMTK and GDCM cannot write', async () => {
  const { Context, NativeCodecs } = dcmjsCodecs;
  await NativeCodecs.initializeAsync();
  const bits = Uint8Array.from({ length: 64 * 64 }, (_, at) => ((at * 7919) >> 3) & 1);
  const context = new Context({
    width: 64,
    height: 64,
    bitsAllocated: 8,
    bitsStored: 1,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: bits,
  });
  const elements = mrElements({
    '00280010': ['US', us(64)],
    '00280011': ['US', us(64)],
    '00280100': ['US', us(1)],
    '00280101': ['US', us(1)],
    '00280102': ['US', us(0)],
  });
  const encoded = NativeCodecs.encodeJpeg2000(context, { lossy: false }).getEncodedBuffer() ?? [];
  const file = buildEncapsulated(elements, '1.2.840.10008.1.2.4.90', encapsulate([Buffer.from(encoded)]));
  expect((await decodeFrame(file, 1)).pixels).toEqual(bits);
});

describe('decodeFrame', () => {
  const rle = (first: number, planes = 2) => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(planes, 0);
    for (let plane = 0; plane < planes; plane++) header.writeUInt32LE(64 + plane * 2, 4 + plane * 4);
    // each plane: one byte, four times
    return Buffer.concat([
      header,
      ...Array.from({ length: planes }, (_, plane) => Buffer.from([253, plane ? first : 0])),
    ]);
  };
  const RLE = '1.2.840.10008.1.2.5';
  const frames = (number: number) => mrElements({ '00280008': ['IS', String(number)] });

  it('finds frames by the basic offset table although the fragments of one are several', async () => {
    const [a, b] = [rle(1), rle(2)];
    const pieces = [a.subarray(0, 30), a.subarray(30), b];
    const pixelData = encapsulate(pieces, [0, 8 + 30 + 8 + (a.length - 30)]);
    const file = buildEncapsulated(frames(2), RLE, pixelData);
    expect([...(await decodeFrame(file, 1)).pixels]).toEqual([1, 1, 1, 1]);
    expect([...(await decodeFrame(file, 2)).pixels]).toEqual([2, 2, 2, 2]);
  });

  it('does not believe an offset table that points between fragments, and takes one fragment a frame', async () => {
    const file = buildEncapsulated(frames(2), RLE, encapsulate([rle(1), rle(2)], [0, 3]));
    expect([...(await decodeFrame(file, 2)).pixels]).toEqual([2, 2, 2, 2]);
  });

  it('refuses to guess which fragments belong to which frame', async () => {
    const file = buildEncapsulated(frames(2), RLE, encapsulate([rle(1), rle(2), rle(3)]));
    await expect(decodeFrame(file, 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });

  it('refuses pixel data without their last fragment', async () => {
    const file = buildEncapsulated(frames(2), RLE, encapsulate([rle(1), rle(2)]).subarray(0, -20));
    await expect(decodeFrame(file, 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });

  it.each([
    ['shorter than the image', Buffer.concat([rle(1).subarray(0, -1), Buffer.from([])])],
    ['of more bytes than the image', Buffer.concat([rle(1).subarray(0, 66), Buffer.from([250, 1])])],
    ['with another number of planes', rle(1, 1)],
    ['without a header', Buffer.alloc(10)],
  ])('refuses an RLE frame %s', async (_, fragment) => {
    const file = buildEncapsulated(mrElements(), RLE, encapsulate([fragment]));
    await expect(decodeFrame(file, 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });

  it('names an unsupported transfer syntax and the supported ones', async () => {
    const file = buildFile(mrElements(), '1.2.840.10008.1.2.4.112');
    await expect(decodeFrame(file, 1)).rejects.toMatchObject({
      code: 'UNSUPPORTED_TRANSFER_SYNTAX',
      message: expect.stringMatching(/JPEG XL \(1\.2\.840\.10008\.1\.2\.4\.112\).*RLE Lossless/),
    });
  });

  it('refuses pixel data shorter than the header says, frame by frame', async () => {
    const file = buildFile(mrElements({ '00280008': ['IS', '2'] }));
    expect([...(await decodeFrame(file, 1)).pixels]).toEqual([0, 1, 2, 3]);
    await expect(decodeFrame(file, 2)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
    const truncated = buildFile(mrElements()).subarray(0, -2);
    await expect(decodeFrame(truncated, 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });

  it('refuses frames that do not exist', async () => {
    const file = buildFile(mrElements());
    for (const frame of [0, 2, 1.5, Number.NaN]) {
      await expect(decodeFrame(file, frame)).rejects.toMatchObject({ code: 'INVALID_DICOM' });
    }
  });

  it.each([
    ['24 bits a pixel', { '00280100': us(24), '00280101': us(24), '00280102': us(23) }, 'UNSUPPORTED_PIXELS'],
    ['more bits stored than allocated', { '00280101': us(20) }, 'INVALID_DICOM'],
    ['no rows', { '00280010': us(0) }, 'INVALID_DICOM'],
    ['a frame of gigabytes', { '00280010': us(65535), '00280011': us(65535) }, 'UNSUPPORTED_PIXELS'],
    ['two samples a pixel', { '00280002': us(2) }, 'UNSUPPORTED_PIXELS'],
  ])('refuses %s', async (_, changes, code) => {
    const elements = Object.fromEntries(Object.entries(changes).map(([tag, value]) => [tag, ['US', value]])) as never;
    await expect(decodeFrame(buildFile(mrElements(elements)), 1)).rejects.toMatchObject({ code });
  });

  it('refuses a compressed image of another size than the header says', async () => {
    // SOI, SOF0 of 64 × 64, EOI
    const jpeg = Buffer.from('ffd8ffc0000b080040004001011100ffd9', 'hex');
    const elements = mrElements({ '00280100': ['US', us(8)], '00280101': ['US', us(8)], '00280102': ['US', us(7)] });
    const file = buildEncapsulated(elements, '1.2.840.10008.1.2.4.50', encapsulate([jpeg]));
    await expect(decodeFrame(file, 1)).rejects.toMatchObject({
      code: 'UNDECODABLE_PIXELS',
      message: expect.stringContaining('not the one that the header describes'),
    });
  });

  it('reads colour by pixel, also where the file keeps it by plane', async () => {
    const colour = (planar: number, values: number[]) =>
      mrElements({
        '00280002': ['US', us(3)],
        '00280004': ['CS', 'RGB'],
        '00280006': ['US', us(planar)],
        '00280100': ['US', us(8)],
        '00280101': ['US', us(8)],
        '00280102': ['US', us(7)],
        '7FE00010': ['OB', Uint8Array.from(values)],
      });
    const interleaved = [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12];
    const planar = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    expect([...(await decodeFrame(buildFile(colour(0, interleaved)), 1)).pixels]).toEqual(interleaved);
    expect([...(await decodeFrame(buildFile(colour(1, planar)), 1)).pixels]).toEqual(interleaved);
    await expect(readSlice(buildFile(colour(0, interleaved)), 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_PIXELS' });
  });

  const eightBits: Elements = { '00280100': ['US', us(8)], '00280101': ['US', us(8)], '00280102': ['US', us(7)] };
  const subsampled = (values: number[], elements: Elements = {}) =>
    buildFile(
      mrElements({
        ...eightBits,
        '00280002': ['US', us(3)],
        '00280004': ['CS', 'YBR_FULL_422'],
        '7FE00010': ['OB', Uint8Array.from(values)],
        ...elements,
      }),
    );

  it('repeats for each pixel the chroma that two share in YBR_FULL_422', async () => {
    const { pixels } = await decodeFrame(subsampled([1, 2, 10, 20, 3, 4, 30, 40]), 1);
    expect([...pixels]).toEqual([1, 10, 20, 2, 10, 20, 3, 30, 40, 4, 30, 40]);
  });

  it('refuses YBR_FULL_422 that is YBR_FULL, or of an odd number of columns', async () => {
    const full = subsampled(Array.from({ length: 12 }, (_, index) => index));
    await expect(decodeFrame(full, 1)).rejects.toMatchObject({ code: 'INVALID_DICOM' });
    const odd = subsampled([1, 2, 10, 20, 3, 4], { '00280011': ['US', us(1)] });
    await expect(decodeFrame(odd, 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_PIXELS' });
  });

  it('reads single bits from the least significant on, and refuses frames of fewer', async () => {
    const bits = (frames: number, packed: number[]) =>
      buildFile(
        mrElements({
          '00280008': ['IS', String(frames)],
          '00280010': ['US', us(3)],
          '00280100': ['US', us(1)],
          '00280101': ['US', us(1)],
          '00280102': ['US', us(0)],
          '7FE00010': ['OB', Uint8Array.from(packed)],
        }),
      );
    const file = bits(3, [0b10_000001, 0b1111_0000, 0b000000_10]);
    expect([...(await decodeFrame(file, 1)).pixels]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...(await decodeFrame(file, 2)).pixels]).toEqual([0, 1, 0, 0, 0, 0]);
    expect([...(await decodeFrame(file, 3)).pixels]).toEqual([1, 1, 1, 1, 0, 1]);
    await expect(decodeFrame(bits(6, [1, 2, 3, 4]), 6)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });

  it.each([
    ['too short', '1.2.840.10008.1.2.1.98', Buffer.alloc(6)],
    ['too short', '1.2.840.10008.1.2.8.1', deflateRawSync(Buffer.alloc(6))],
    ['too long', '1.2.840.10008.1.2.8.1', deflateRawSync(Buffer.alloc(1_000_000))],
    ['no deflated stream', '1.2.840.10008.1.2.8.1', Buffer.from('ffffffffffff', 'hex')],
  ])('refuses a frame that is %s (%s)', async (_, syntax, fragment) => {
    const file = buildEncapsulated(mrElements(), syntax, encapsulate([fragment]));
    await expect(decodeFrame(file, 1)).rejects.toMatchObject({ code: 'UNDECODABLE_PIXELS' });
  });
});

describe.skipIf(!hasCases)('a 12-bit JPEG under a header of 10 bits', () => {
  it('keeps the values of the image: none wraps', async () => {
    const file = readFileSync(caseFile('dicom/d20_jpeg12_header10.dcm'));
    const { bitsStored, pixels } = await readStoredFrame(file, 1);
    const expected = readNpy(readFileSync(caseFile('dicom/d20_stored_values.npy')));
    expect(bitsStored).toBe(12);
    expect(Math.max(...expected)).toBeGreaterThan(1023);
    // A lossy image: decoders may differ in the last bit.
    for (const [index, value] of expected.entries())
      expect(Math.abs((pixels[index] as number) - value)).toBeLessThan(2);
  });
});

/** The values of a NumPy file (format version 1.0) of little-endian integers of 16 bits. */
function readNpy(file: Buffer): number[] {
  const header = file.readUInt16LE(8);
  const description = file.subarray(10, 10 + header).toString('latin1');
  const width = Number(/'[<|][iu](\d)'/.exec(description)?.[1]);
  const values: number[] = [];
  for (let at = 10 + header; at < file.length; at += width) values.push(file.readUIntLE(at, width));
  return values;
}
