import type { DataSet, Element } from 'dicom-parser';
import { UndecodablePixels } from '../../errors/errors.js';
import type { Header } from '../header/readHeader.js';

type Fragment = { offset: number; bytes: Uint8Array };

/** Most fragments: twice as many as an object may have frames. Each costs memory, even an empty one. */
const MAX_FRAGMENTS = 131_072;

const ITEM = 0xe000fffe;
const SEQUENCE_DELIMITER = 0xe0ddfffe;

/**
 * The compressed bytes of one frame (PS3.5 A.4), whatever fragments they are spread over.
 * The frame's fragments come from the extended offset table, else the basic one, else from one fragment per frame, else
 * from where image codestreams begin.
 * @throws UndecodablePixels where fragments are cut off, or the frame's cannot be determined with certainty.
 */
export function readEncapsulatedFrame(
  header: Header,
  pixelData: Element,
  frameNumber: number,
  frames: number,
): Uint8Array {
  const [table, ...fragments] = readItems(header.bytes, pixelData.dataOffset);
  if (!table || fragments.length === 0) {
    throw new UndecodablePixels('The pixel data holds no fragment. Send or copy the file again.');
  }
  const starts =
    frames === 1
      ? [0]
      : (fromOffsets(readExtendedOffsets(header.dataSet), fragments, frames) ??
        fromOffsets(readBasicOffsets(table.bytes), fragments, frames) ??
        (fragments.length === frames ? fragments.map((_, index) => index) : fromCodestreams(fragments, frames)));
  const own = fragments.slice(starts[frameNumber - 1], starts[frameNumber]).map((fragment) => fragment.bytes);
  return own.length === 1 && own[0] ? own[0] : Buffer.concat(own);
}

/** The items of the pixel data: the basic offset table, then the fragments with their offsets. */
function readItems(bytes: Uint8Array, start: number): Fragment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Fragment[] = [];
  let position = start;
  let firstFragment = 0;
  while (position + 8 <= bytes.length) {
    const tag = view.getUint32(position, true);
    if (tag === SEQUENCE_DELIMITER) return items;
    const length = view.getUint32(position + 4, true);
    const value = position + 8;
    if (tag !== ITEM || value + length > bytes.length) break;
    if (items.length === 1) firstFragment = position;
    if (items.length > MAX_FRAGMENTS) {
      throw new UndecodablePixels(
        `The pixel data is in more than ${MAX_FRAGMENTS} fragments. Send the object uncompressed.`,
      );
    }
    items.push({ offset: position - firstFragment, bytes: bytes.subarray(value, value + length) });
    position = value + length;
  }
  throw new UndecodablePixels('The pixel data is cut off in the middle of its fragments. Send or copy the file again.');
}

/** The index of each frame's first fragment; null unless every offset is that of a fragment, in rising order. */
function fromOffsets(offsets: number[], fragments: Fragment[], frames: number): number[] | null {
  if (offsets.length !== frames) return null;
  const byOffset = new Map(fragments.map((fragment, index) => [fragment.offset, index]));
  const starts = offsets.map((offset) => byOffset.get(offset) ?? -1);
  const rising = starts.every((start, index) => start > (starts[index - 1] ?? -1));
  return rising && starts[0] === 0 ? starts : null;
}

/** Without an offset table, and with several fragments a frame, a frame begins where a codestream does (PS3.5 A.4). */
function fromCodestreams(fragments: Fragment[], frames: number): number[] {
  const starts = fragments.flatMap(({ bytes }, index) => {
    const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8; // SOI of JPEG and JPEG-LS
    const jpeg2000 = bytes[0] === 0xff && bytes[1] === 0x4f && bytes[2] === 0xff && bytes[3] === 0x51; // SOC, SIZ
    return jpeg || jpeg2000 ? [index] : [];
  });
  if (starts.length !== frames || starts[0] !== 0) {
    throw new UndecodablePixels(
      `The fragments of ${frames} frames cannot be told apart: the offset table is missing or wrong. ` +
        'Send the object uncompressed.',
    );
  }
  return starts;
}

function readBasicOffsets(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.length / 4) }, (_, index) => view.getUint32(index * 4, true));
}

/** Extended Offset Table (7FE0,0001): 64-bit offsets, always little endian. */
function readExtendedOffsets(dataSet: DataSet): number[] {
  const element = dataSet.elements.x7fe00001;
  if (!element) return [];
  const { byteArray } = dataSet;
  const view = new DataView(byteArray.buffer, byteArray.byteOffset + element.dataOffset, element.length);
  return Array.from({ length: Math.floor(element.length / 8) }, (_, index) =>
    Number(view.getBigUint64(index * 8, true)),
  );
}
