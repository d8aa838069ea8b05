import { access, constants, realpath, stat, writeFile } from 'node:fs/promises';
import { FileNotReadable, OptionInvalid } from '../errors/errors.js';
import { terminal } from '../output/terminal.js';
import type { StoredPixels } from '../pacs/pixels/decode.js';
import { createDecodePool, FRAME_LIMITS } from '../pacs/pixels/decodePool.js';

/** The command's options, as they are typed. */
export type PixelsOptions = { frame: string; out: string };

/**
 * `mrimaster pixels FILE --frame N --out FILE.raw`: writes one frame's stored values, little endian, and prints what
 * they are as JSON, which the README documents.
 */
export async function pixels(file: string, { frame, out }: PixelsOptions): Promise<void> {
  const frameNumber = Number(frame);
  if (!/^[1-9]\d*$/.test(frame) || !Number.isSafeInteger(frameNumber)) {
    throw new OptionInvalid('--frame must be a whole number from 1.');
  }
  await access(file, constants.R_OK);
  if (!(await stat(file)).isFile()) throw new FileNotReadable(`${file} is not a file. Name one DICOM file.`);
  if ((await realpath(file)) === (await realpath(out).catch(() => null))) {
    throw new OptionInvalid('--out would overwrite the DICOM file. Name another file.');
  }
  const decoding = createDecodePool({ threads: 1, ...FRAME_LIMITS });
  try {
    const { pixels: values, samplesPerPixel: samples, ...rest } = await decoding.readStoredFrame(file, frameNumber);
    await writeFile(out, littleEndian(values));
    const type = values.constructor.name.replace('Array', '').toLowerCase();
    const { rows, columns, ...description } = rest;
    terminal.log(JSON.stringify({ rows, columns, samples, type, ...description }));
  } finally {
    await decoding.close();
  }
}

function littleEndian({ buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }: StoredPixels): Uint8Array {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const bigEndianMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
  if (bigEndianMachine && BYTES_PER_ELEMENT > 1) bytes[BYTES_PER_ELEMENT === 2 ? 'swap16' : 'swap32']();
  return bytes;
}
