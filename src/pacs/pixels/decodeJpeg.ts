import dcmjsCodecs from 'dcmjs-codecs';
import { UndecodablePixels } from '../../errors/errors.js';
import type { Codestream } from './codestream.js';

const { Context, NativeCodecs } = dcmjsCodecs;

const DECODERS = {
  jpeg: {
    name: 'JPEG',
    decode: (context: CodecContext) => NativeCodecs.decodeJpeg(context, { convertColorspaceToRgb: false }),
  },
  jpeg2000: { name: 'JPEG 2000', decode: (context: CodecContext) => NativeCodecs.decodeJpeg2000(context) },
  htj2k: { name: 'HTJ2K', decode: (context: CodecContext) => NativeCodecs.decodeHtJpeg2000(context) },
};

type CodecContext = InstanceType<typeof Context>;

/**
 * Decodes one JPEG, JPEG 2000 or HTJ2K image with the WebAssembly builds of IJG, OpenJPEG and OpenJPH. The samples are
 * little-endian, of 8 bits for a precision of up to 8, else of 16.
 * @throws UndecodablePixels where the codec refuses the image, or its size is not the one in `codestream`.
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  codestream: Codestream,
  {
    kind,
    signed,
    photometricInterpretation,
  }: { kind: keyof typeof DECODERS; signed: boolean; photometricInterpretation: string },
): Promise<Uint8Array> {
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync();
  const { name, decode } = DECODERS[kind];
  const { rows, columns, samplesPerPixel, precision } = codestream;
  const bitsAllocated = precision > 8 ? 16 : 8;
  try {
    const decoded = decode(
      new Context({
        width: columns,
        height: rows,
        bitsAllocated,
        bitsStored: precision,
        samplesPerPixel,
        pixelRepresentation: signed ? 1 : 0,
        planarConfiguration: 0,
        photometricInterpretation,
        encodedBuffer: bytes,
      }),
    );
    const pixels = decoded.getDecodedBuffer();
    const expected = (rows * columns * samplesPerPixel * bitsAllocated) / 8;
    if (decoded.getWidth() !== columns || decoded.getHeight() !== rows || pixels?.length !== expected) {
      throw new Error('another image');
    }
    return pixels;
  } catch {
    // The failed call has freed nothing and may have left the codec's memory inconsistent, so the next image gets a new
    // instance.
    NativeCodecs.release();
    throw new UndecodablePixels(`The ${name} image is damaged. Send or copy the file again.`);
  }
}
