import dcmjsCodecs from 'dcmjs-codecs';
import { withPixelData } from '../tests/fuzz/seeds.mjs';

const { Context, NativeCodecs } = dcmjsCodecs;

/** A file of one grey image of `size` × `size` pixels, its last element the pixel data, as HTJ2K Lossless. */
export async function encodeHtj2k(file, size, bits) {
  await NativeCodecs.initializeAsync();
  const length = (size * size * bits) / 8;
  const at = file.length - length - 12;
  const context = new Context({
    width: size,
    height: size,
    bitsAllocated: bits,
    bitsStored: bits,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: new Uint8Array(file.subarray(at + 12)),
  });
  const encoded = NativeCodecs.encodeHtJpeg2000(context, {}).getEncodedBuffer();
  return withPixelData(file.subarray(0, at), '1.2.840.10008.1.2.4.201', [encoded]);
}
