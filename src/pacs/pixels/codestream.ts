import { UndecodablePixels } from '../../errors/errors.js';

/** What the header of a compressed image says. `precision`: bits per sample. */
export type Codestream = { rows: number; columns: number; samplesPerPixel: number; precision: number; signed: boolean };

/**
 * Reads the frame header of a JPEG or JPEG-LS image (ISO 10918-1 B.2.2, ISO 14495-1 C.2.2) and checks that its end is
 * there.
 * @throws UndecodablePixels where it is not such an image, or has no end.
 */
export function readJpegCodestream(bytes: Uint8Array): Codestream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damaged('JPEG');
  requireEnd(bytes, 'JPEG');
  let position = 2;
  while (position + 4 <= bytes.length) {
    if (bytes[position] !== 0xff) throw damaged('JPEG');
    const marker = bytes[position + 1] as number;
    if (marker === 0xff) {
      position++; // fill bytes may precede any marker
      continue;
    }
    const length = view.getUint16(position + 2);
    // SOF0…SOF15 without DHT, JPG and DAC; SOF55 is JPEG-LS.
    const startOfFrame = (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
    if (startOfFrame) {
      if (position + 10 > bytes.length) break;
      return {
        precision: bytes[position + 4] as number,
        rows: view.getUint16(position + 5),
        columns: view.getUint16(position + 7),
        samplesPerPixel: bytes[position + 9] as number,
        signed: false,
      };
    }
    if (marker === 0xda || length < 2) break; // a scan before its frame
    position += 2 + length;
  }
  throw damaged('JPEG');
}

/**
 * Reads the SIZ segment of a JPEG 2000 or HTJ2K codestream (ISO 15444-1 A.5.1) and checks that its end is there.
 * @throws UndecodablePixels where it is not such a codestream, has no end, or its components differ.
 */
export function readJpeg2000Codestream(bytes: Uint8Array): Codestream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 45 || view.getUint32(0) !== 0xff4fff51) throw damaged('JPEG 2000');
  requireTileParts(bytes, view);
  const samplesPerPixel = view.getUint16(40);
  const component = (index: number) => view.getUint8(42 + index * 3);
  for (let index = 0; index < samplesPerPixel; index++) {
    if (45 + index * 3 > bytes.length || component(index) !== component(0)) throw damaged('JPEG 2000');
    if (view.getUint8(43 + index * 3) !== 1 || view.getUint8(44 + index * 3) !== 1) throw damaged('JPEG 2000');
  }
  return {
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    samplesPerPixel,
    precision: (component(0) & 0x7f) + 1,
    signed: (component(0) & 0x80) !== 0,
  };
}

const START_OF_TILE_PART = 0xff90;
const END_OF_CODESTREAM = 0xffd9;

/**
 * Checks that all tile-parts are there. Each one gives its length, and an end marker follows the last one (ISO 15444-1
 * A.4.2).
 */
function requireTileParts(bytes: Uint8Array, view: DataView): void {
  requireEnd(bytes, 'JPEG 2000');
  let position = 2;
  while (position + 12 <= bytes.length && view.getUint16(position) !== START_OF_TILE_PART) {
    position += 2 + view.getUint16(position + 2); // a segment of the main header
  }
  while (position + 12 <= bytes.length && view.getUint16(position) === START_OF_TILE_PART) {
    const length = view.getUint32(position + 6);
    if (length === 0) return; // 0 means "until the end of the codestream", which the last tile-part may say
    if (length < 14) throw damaged('JPEG 2000');
    position += length;
  }
  if (position + 2 > bytes.length || view.getUint16(position) !== END_OF_CODESTREAM) throw damaged('JPEG 2000');
}

/**
 * Checks for the end marker FF D9 (EOI of JPEG, EOC of JPEG 2000). A decoder given half an image may fill the rest with
 * what its memory last held, so an image without its end is refused.
 * Fragments are padded to even length with zeros, and by some writers with FF.
 */
function requireEnd(bytes: Uint8Array, name: string): void {
  let end = bytes.length;
  while (end > 2 && bytes.length - end < 64 && !(bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9)) end--;
  if (bytes[end - 2] !== 0xff || bytes[end - 1] !== 0xd9) {
    throw new UndecodablePixels(`The ${name} image has no end: it is truncated. Send or copy the file again.`);
  }
}

function damaged(name: string): UndecodablePixels {
  return new UndecodablePixels(`The pixel data is not a readable ${name} image. Send or copy the file again.`);
}
