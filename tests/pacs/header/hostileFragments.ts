import { deflateRawSync } from 'node:zlib';
import { buildEncapsulated, type Elements, encapsulate, itemHeader, mrElements } from '../buildDicom.js';
import { ENCODED_SYNTAXES, encodedElements, encodedFile, encodeFragment, SIZE } from '../pixels/encodeImage.js';
import { type HostileFile, size, UNDECODABLE, UNSUPPORTED } from './hostileHeaders.js';

const [RLE, JPEG, JPEG_LOSSLESS, JPEG_2000] = ['5', '4.50', '4.70', '4.90'].map(
  (end) => `1.2.840.10008.1.2.${end}`,
) as [string, string, string, string];

/** Every encapsulated syntax: cut anywhere, garbage, nothing, or an item that ends behind the file. */
export async function truncatedFragments(): Promise<HostileFile[]> {
  const files: HostileFile[] = [];
  for (const syntax of [...ENCODED_SYNTAXES, '1.2.840.10008.1.2.1.98', '1.2.840.10008.1.2.8.1']) {
    const whole = ENCODED_SYNTAXES.includes(syntax) ? await encodeFragment(syntax) : Buffer.alloc(SIZE * SIZE - 2);
    const add = (what: string, fragments: Uint8Array[]) =>
      files.push({ name: `${syntax}: ${what}`, bytes: encodedFile(syntax, fragments), ...UNDECODABLE });
    for (const part of [0.1, 0.5, 0.9]) add(`${part} of it`, [whole.subarray(0, Math.floor(whole.length * part))]);
    add('four bytes', [whole.subarray(0, 4)]);
    add('an empty fragment', [Buffer.alloc(0)]);
    add('no fragment', []);
    add('ones', [Buffer.alloc(whole.length, 0xff)]);
    const beyond = encodedFile(syntax, [whole]);
    beyond.writeUInt32LE(0xfffffff0, beyond.length - 8 - whole.length - 4);
    files.push({ name: `${syntax}: an item longer than the file`, bytes: beyond, ...UNDECODABLE });
    files.push({ name: `${syntax}: cut off`, bytes: encodedFile(syntax, [whole]).subarray(0, -20), ...UNDECODABLE });
  }
  return files;
}

/** A small file whose frame would be large. */
export async function bombs(): Promise<HostileFile[]> {
  const large = { ...size(65500, 65500) };
  const limit = (syntax: string) => ({ ...encodedElements(syntax), ...size(4000, 4000) });
  const file = (elements: Elements, syntax: string, fragment: Uint8Array) =>
    buildEncapsulated(elements, syntax, encapsulate([fragment]));
  const jpeg = (marker: string, rows: number, columns: number) => {
    const frame = Buffer.from(`ffd8ff${marker}000b080000000001011100ffda0008010100003f00ffd9`, 'hex');
    frame.writeUInt16BE(rows, 7);
    frame.writeUInt16BE(columns, 9);
    return frame;
  };
  const resized = async (syntax: string, changes: Record<number, number>) => {
    const stream = await encodeFragment(syntax);
    for (const [at, value] of Object.entries(changes)) stream.writeUInt32BE(value, Number(at));
    return stream;
  };
  // SIZ (ISO 15444-1 A.5.1): image at 8 and 12, tiles at 24 and 28.
  const whole = (length: number) => ({ 8: length, 12: length, 24: length, 28: length });
  const rle = Buffer.alloc(64);
  rle.writeUInt32LE(2, 0);
  rle.writeUInt32LE(64, 4);
  rle.writeUInt32LE(66, 8);
  const runs = Buffer.concat([rle, Buffer.from([129, 0, 129, 0])]);
  return [
    {
      name: 'JPEG of 65500 × 65500 in a header of 64 × 64',
      bytes: file(encodedElements(JPEG), JPEG, jpeg('c0', 65500, 65500)),
      ...UNDECODABLE,
    },
    {
      name: 'JPEG of 65500 × 65500',
      bytes: file({ ...encodedElements(JPEG), ...large }, JPEG, jpeg('c0', 65500, 65500)),
      ...UNSUPPORTED,
    },
    {
      name: 'JPEG of 4000 × 4000 without data',
      bytes: file(limit(JPEG), JPEG, jpeg('c0', 4000, 4000)),
      ...UNDECODABLE,
    },
    {
      name: 'JPEG Lossless of 4000 × 4000 without data',
      bytes: file(limit(JPEG_LOSSLESS), JPEG_LOSSLESS, jpeg('c3', 4000, 4000)),
      ...UNDECODABLE,
    },
    {
      name: 'JPEG 2000 of 4294967295² in a header of 64 × 64',
      bytes: file(encodedElements(JPEG_2000), JPEG_2000, await resized(JPEG_2000, whole(0xffffffff))),
      ...UNDECODABLE,
    },
    {
      name: 'JPEG 2000 of 4000 × 4000 with the data of 64 × 64',
      bytes: file(limit(JPEG_2000), JPEG_2000, await resized(JPEG_2000, whole(4000))),
      ...UNDECODABLE,
    },
    {
      name: 'JPEG 2000 of tiles of one pixel',
      bytes: file(limit(JPEG_2000), JPEG_2000, await resized(JPEG_2000, { 8: 4000, 12: 4000, 24: 1, 28: 1 })),
      ...UNDECODABLE,
    },
    {
      name: 'HTJ2K of 4000 × 4000 with the data of 64 × 64',
      bytes: file(
        limit('1.2.840.10008.1.2.4.201'),
        '1.2.840.10008.1.2.4.201',
        await resized('1.2.840.10008.1.2.4.201', whole(4000)),
      ),
      ...UNDECODABLE,
    },
    {
      name: 'RLE of 2560 × 2560 in runs of 128',
      bytes: file({ ...mrElements(), ...size(2560, 2560) }, RLE, runsOf128(2560 * 2560)),
      header: null,
      frame: null,
    },
    {
      name: 'RLE of 4000 × 4000 from four bytes',
      bytes: file({ ...mrElements(), ...size(4000, 4000) }, RLE, runs),
      ...UNDECODABLE,
    },
    {
      name: 'deflated frame that goes on',
      bytes: file(
        encodedElements('1.2.840.10008.1.2.8.1'),
        '1.2.840.10008.1.2.8.1',
        deflateRawSync(Buffer.alloc(200 * 1024 * 1024)),
      ),
      ...UNDECODABLE,
    },
    {
      name: 'two million empty fragments',
      bytes: buildEncapsulated(encodedElements(RLE), RLE, manyFragments(2_000_000)),
      ...UNDECODABLE,
    },
  ];
}

function manyFragments(count: number): Buffer {
  const none = encapsulate([]);
  const items = Buffer.alloc(8 * count, itemHeader(0));
  return Buffer.concat([none.subarray(0, -8), items, none.subarray(-8)]);
}

function runsOf128(pixels: number): Buffer {
  const runs = Buffer.alloc((2 * pixels) / 128, Buffer.from([129, 7]));
  const header = Buffer.alloc(64);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(64, 4);
  header.writeUInt32LE(64 + runs.length, 8);
  return Buffer.concat([header, runs, runs]);
}
