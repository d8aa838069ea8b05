import { UndecodablePixels } from '../../errors/errors.js';

/**
 * Decodes one RLE frame (PS3.5 Annex G) to little-endian samples, interleaved by pixel. Each segment holds one byte
 * plane, the most significant bytes of all samples first (G.2).
 * @param pixels number of pixels of the frame.
 * @throws UndecodablePixels unless every plane holds exactly `pixels` bytes.
 */
export function decodeRle(
  bytes: Uint8Array,
  { pixels, samplesPerPixel, bytesPerSample }: { pixels: number; samplesPerPixel: number; bytesPerSample: number },
): Uint8Array {
  const planes = samplesPerPixel * bytesPerSample;
  if (bytes.length < 64) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== planes) throw damaged();
  const decoded = new Uint8Array(pixels * planes);
  for (let plane = 0; plane < planes; plane++) {
    const start = view.getUint32(4 + plane * 4, true);
    const end = plane + 1 < planes ? view.getUint32(8 + plane * 4, true) : bytes.length;
    if (start < 64 || start > end || end > bytes.length) throw damaged();
    const sample = Math.floor(plane / bytesPerSample);
    const significance = bytesPerSample - 1 - (plane % bytesPerSample);
    decodePlane(bytes.subarray(start, end), decoded, sample * bytesPerSample + significance, planes, pixels);
  }
  return decoded;
}

/**
 * Decodes one plane of PackBits (PS3.5 G.3.2): 0…127 copies n + 1 bytes, -127…-1 repeats one byte 1 - n times, -128
 * does nothing.
 */
function decodePlane(segment: Uint8Array, target: Uint8Array, first: number, step: number, pixels: number): void {
  let read = 0;
  let write = first;
  const end = first + pixels * step;
  while (write < end) {
    const control = segment[read++];
    if (control === undefined) throw damaged();
    if (control === 128) continue;
    const count = control < 128 ? control + 1 : 257 - control;
    if (write + (count - 1) * step >= end) throw damaged();
    const consumed = control < 128 ? count : 1;
    if (read + consumed > segment.length) throw damaged();
    for (let index = 0; index < count; index++) {
      target[write] = segment[control < 128 ? read + index : read] as number;
      write += step;
    }
    read += consumed;
  }
}

function damaged(): UndecodablePixels {
  return new UndecodablePixels(
    'The RLE pixel data is damaged or does not fill the image. Send or copy the file again.',
  );
}
