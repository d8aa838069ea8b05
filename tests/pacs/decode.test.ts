import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dcmjsCodecs from 'dcmjs-codecs';
import { afterAll, describe, expect, it } from 'vitest';
import { type DecodedFrame, decodeFrame } from '../../src/pacs/decode.js';
import { readSlice } from '../../src/pacs/readSlice.js';
import { supportedTransferSyntaxes } from '../../src/pacs/transferSyntax.js';
import { requirePart } from '../requirements.js';
import { buildEncapsulated, buildFile, encapsulate, mrElements, us } from './buildDicom.js';
import { hasPydicom, hasStudies, runReference, studies } from './sharedData.js';

const hasEncoders = requirePart(
  'DCMTK and GDCM encoders',
  ['dcmconv', 'dcmcrle', 'dcmcjpeg', 'dcmcjpls', 'gdcmconv'].every(
    (tool) => spawnSync(tool, ['--version']).status !== null,
  ),
  'Install dcmtk and libgdcm-tools.',
);

const corpus = mkdtempSync(join(tmpdir(), 'corpus-'));
afterAll(() => rmSync(corpus, { recursive: true }));

/** Stored values as references give them: bits above BitsStored masked off, sign extended. */
function canonical({ pixels, bitsStored, signed }: DecodedFrame) {
  const above = 32 - bitsStored;
  return pixels.map((value) => (signed ? (value << above) >> above : (value << above) >>> above));
}

function digest(frame: DecodedFrame): string {
  const { buffer, byteOffset, byteLength } = canonical(frame);
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

type CorpusFile = { path: string; what: string; syntax: string; frames: string[] | null; raw: string | null };

const HTJ2K = ['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'];

describe.skipIf(!hasPydicom || !hasEncoders)('every transfer syntax, depth, sign and number of frames', async () => {
  const files = hasPydicom && hasEncoders ? runReference<CorpusFile>('makeCorpus.py', [corpus]) : [];

  it('covers every syntax that is said to be supported, save HTJ2K, which DCMTK and GDCM cannot write', () => {
    const covered = new Set(files.map((file) => file.syntax));
    expect(covered.size).toBe(supportedTransferSyntaxes().split(', ').length - HTJ2K.length);
  });

  it.each(files.filter((file) => file.frames))(
    'decodes $syntax ($what) to the very values that were encoded',
    async (file) => {
      const bytes = readFileSync(file.path);
      const decoded = await Promise.all((file.frames ?? []).map((_, index) => decodeFrame(bytes, index + 1)));
      expect(decoded.map(digest)).toEqual(file.frames);
    },
  );

  it.each(files.filter((file) => file.raw))(
    'decodes lossy $syntax ($what) to the values that DCMTK or GDCM read',
    async (file) => {
      const bytes = readFileSync(file.path);
      const raw = readFileSync(file.raw ?? '');
      for (let frame = 1, offset = 0; offset < raw.length; frame++) {
        const decoded = await decodeFrame(bytes, frame);
        const { byteOffset, byteLength, buffer } = canonical(decoded);
        expect(raw.subarray(offset, offset + byteLength).equals(new Uint8Array(buffer, byteOffset, byteLength))).toBe(
          true,
        );
        offset += byteLength;
      }
    },
  );

  it('gives frames that may be changed without changing the file', async () => {
    const { path } = files.find((file) => file.syntax === '1.2.840.10008.1.2.1') as CorpusFile;
    const bytes = readFileSync(path);
    const before = Buffer.from(bytes);
    (await decodeFrame(bytes, 1)).pixels.fill(7);
    expect(bytes.equals(before)).toBe(true);
  });

  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    'zeros to the end': (bytes) => Buffer.from(bytes).fill(0, bytes.length / 2, bytes.length - 12),
    'zeros in the middle': (bytes) =>
      Buffer.from(bytes).fill(0, Math.floor(bytes.length * 0.55), Math.floor(bytes.length * 0.7)),
    'no second half': (bytes) => Buffer.concat([bytes.subarray(0, bytes.length / 2), bytes.subarray(-12)]),
    truncation: (bytes) => bytes.subarray(0, bytes.length * 0.6),
  };

  it.each(Object.keys(damages))('never shows the previous image in place of one damaged by %s', async (damage) => {
    const single = files.filter((file) => file.frames?.length === 1 && /\.(?:5|4\.\d+)$/.test(file.syntax));
    for (const previous of single.filter(({ path }) => path.includes('u16'))) {
      const next = single.find((file) => file.syntax === previous.syntax && file.path.includes('s16')) as CorpusFile;
      const shown = await decodeFrame(readFileSync(previous.path), 1);
      const damaged = (damages[damage] as (bytes: Buffer) => Buffer)(readFileSync(next.path));
      const outcome = await decodeFrame(damaged, 1).catch((error) => error.code as string);
      if (typeof outcome === 'string') {
        expect(outcome).toMatch(/^(?:UNDECODABLE_PIXELS|INVALID_DICOM)$/);
      } else {
        const same = outcome.pixels.filter((value, index) => (value & 0xffff) === shown.pixels[index]).length;
        expect(same, `${next.what} after ${previous.what}`).toBeLessThan(0.02 * shown.pixels.length);
      }
      expect(digest(await decodeFrame(readFileSync(next.path), 1)), 'the same file undamaged').toBe(next.frames?.[0]);
    }
  });
});

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

describe.skipIf(!hasStudies || !hasPydicom)('real series', () => {
  it("equal pydicom's values in every frame of every file", async () => {
    const paths = readdirSync(studies, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.dcm'));
    const input = paths.map((path) => join(studies, path)).join('\n');
    const references = runReference<{ path: string; frames: string[] }>('storedValues.py', [], input);
    expect(references).toHaveLength(paths.length);
    const different: string[] = [];
    for (const { path, frames } of references) {
      const bytes = readFileSync(path);
      for (const [index, expected] of frames.entries()) {
        const slice = await readSlice(bytes, index + 1);
        if (digest(await decodeFrame(bytes, index + 1)) !== expected || !slice.pixels.every(Number.isFinite)) {
          different.push(`${path} frame ${index + 1}`);
        }
      }
    }
    expect(different).toEqual([]);
    expect(references.length).toBeGreaterThan(1000);
  });
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
    ['1-bit pixels', { '00280100': us(1), '00280101': us(1), '00280102': us(0) }, 'UNSUPPORTED_PIXELS'],
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
});
