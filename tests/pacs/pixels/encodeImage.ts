import dcmjsCodecs from 'dcmjs-codecs';
import { buildEncapsulated, type Elements, encapsulate, mrElements, us } from '../buildDicom.js';

const { Context, NativeCodecs } = dcmjsCodecs;

type Image = InstanceType<typeof Context>;

export const SIZE = 64;

/** How the codecs under test write each compressed syntax that they can write: 8 bits where 12 or 16 are not possible. */
const ENCODERS: Record<string, { bits: 8 | 16; encode: (context: Image) => Image }> = {
  '1.2.840.10008.1.2.5': { bits: 16, encode: (context) => NativeCodecs.encodeRle(context) },
  '1.2.840.10008.1.2.4.50': { bits: 8, encode: (context) => NativeCodecs.encodeJpeg(context, { lossy: true }) },
  '1.2.840.10008.1.2.4.51': { bits: 8, encode: (context) => NativeCodecs.encodeJpeg(context, { lossy: true }) },
  '1.2.840.10008.1.2.4.57': { bits: 16, encode: (context) => NativeCodecs.encodeJpeg(context, { lossy: false }) },
  '1.2.840.10008.1.2.4.70': { bits: 16, encode: (context) => NativeCodecs.encodeJpeg(context, { lossy: false }) },
  '1.2.840.10008.1.2.4.80': { bits: 16, encode: (context) => NativeCodecs.encodeJpegLs(context, { lossy: false }) },
  '1.2.840.10008.1.2.4.81': { bits: 16, encode: (context) => NativeCodecs.encodeJpegLs(context, { lossy: true }) },
  '1.2.840.10008.1.2.4.90': { bits: 16, encode: (context) => NativeCodecs.encodeJpeg2000(context, { lossy: false }) },
  '1.2.840.10008.1.2.4.91': { bits: 16, encode: (context) => NativeCodecs.encodeJpeg2000(context, { lossy: true }) },
  '1.2.840.10008.1.2.4.201': { bits: 16, encode: (context) => NativeCodecs.encodeHtJpeg2000(context, {}) },
  '1.2.840.10008.1.2.4.202': { bits: 16, encode: (context) => NativeCodecs.encodeHtJpeg2000(context, {}) },
  '1.2.840.10008.1.2.4.203': { bits: 16, encode: (context) => NativeCodecs.encodeHtJpeg2000(context, { lossy: true }) },
};

export const ENCODED_SYNTAXES = Object.keys(ENCODERS);

/** One image of 64 × 64 pixels as a fragment of this transfer syntax. */
export function encodeFragment(syntax: string): Promise<Buffer> {
  const bits = ENCODERS[syntax]?.bits ?? 16;
  const pixels = Uint16Array.from({ length: SIZE * SIZE }, (_, at) => 99 + 80 * Math.sin(at / 50) + ((at * 7919) % 23));
  return encodePixels(syntax, bits === 8 ? Uint8Array.from(pixels) : pixels, bits);
}

/** These 64 × 64 pixels as a fragment of this transfer syntax; signed where their array is. */
export async function encodePixels(
  syntax: string,
  pixels: Uint8Array | Uint16Array | Int16Array,
  bitsStored: number,
): Promise<Buffer> {
  const { encode } = ENCODERS[syntax] as (typeof ENCODERS)[string];
  await NativeCodecs.initializeAsync();
  const context = new Context({
    width: SIZE,
    height: SIZE,
    bitsAllocated: 8 * pixels.BYTES_PER_ELEMENT,
    bitsStored,
    samplesPerPixel: 1,
    pixelRepresentation: pixels instanceof Int16Array ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: new Uint8Array(pixels.buffer),
  });
  const bytes = Buffer.from(encode(context).getEncodedBuffer() ?? []);
  return bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
}

/** The header of a file with such an image. */
export function encodedElements(syntax: string): Elements {
  const bits = ENCODERS[syntax]?.bits ?? 16;
  return mrElements({
    '00280010': ['US', us(SIZE)],
    '00280011': ['US', us(SIZE)],
    '00280100': ['US', us(bits)],
    '00280101': ['US', us(bits)],
    '00280102': ['US', us(bits - 1)],
  });
}

export function encodedFile(syntax: string, fragments: Uint8Array[]): Buffer {
  return buildEncapsulated(encodedElements(syntax), syntax, encapsulate(fragments));
}
