import { InvalidDicom } from '../../errors/errors.js';
import { type Encoding, isShortVr } from '../write/encodeElement.js';
import { dictionaryVr } from './dictionary.js';

/**
 * An element as it lies in the bytes of a data set: its header begins at `start` and its value at `valueStart`; `end`
 * is exclusive.
 * `writtenVr`: the VR in the file, null in implicit VR. `vr`: the same, or the dictionary's where the file says UN or
 * nothing.
 * `items`: of a sequence, null for everything else. `itemEncoding`: the encoding of the items.
 */
export type Element = {
  tag: number;
  writtenVr: string | null;
  vr: string;
  start: number;
  valueStart: number;
  end: number;
  items: Element[][] | null;
  itemEncoding: Encoding;
};

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

/** Encoding of the items within a UN element, whatever surrounds it (PS3.5 6.2.2). */
const IN_UN: Encoding = { explicit: false, bigEndian: false };

/** Deepest nesting of sequences. Real images nest about eight deep, and a call stack holds a hundred times this. */
const MAX_DEPTH = 64;

/** Most elements and items. Each takes some 150 bytes of memory. */
const MAX_ELEMENTS = 1_000_000;

type Source = { bytes: Uint8Array; view: DataView; count: number };

/** A range of elements. They lie before `limit`, and end at `stop`, or at a delimiter where `stop` is null. */
type Range = { offset: number; limit: number; stop: number | null };

/**
 * Reads every element of the data set that begins at `offset` and fills `bytes`: sequences with their items, pixel data
 * unread.
 * @returns `count`: elements and items at all depths.
 * @throws InvalidDicom where the bytes are not exactly one data set; nothing else.
 */
export function readElements(
  bytes: Uint8Array,
  offset: number,
  encoding: Encoding,
): { elements: Element[]; count: number } {
  const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), count: 0 };
  // Some writers pad a file with zeros to a multiple of a block. These belong to no element.
  let stop = bytes.length;
  while (stop > offset && bytes[stop - 1] === 0) stop--;
  const { elements } = readDataSet(source, { offset, limit: bytes.length, stop }, encoding, 0);
  return { elements, count: source.count };
}

function readDataSet(source: Source, range: Range, encoding: Encoding, depth: number) {
  if (depth > MAX_DEPTH) throw damaged(`nests more than ${MAX_DEPTH} sequences`);
  const { limit, stop } = range;
  const elements: Element[] = [];
  const seen = new Set<number>();
  let { offset } = range;
  while (stop === null || offset < stop) {
    const tag = readTag(source, offset, limit, encoding);
    if (tag === ITEM_END && stop === null) return { elements, end: offset + 8 };
    // PS3.5 7.1 allows an element once. Readers disagree which of two counts.
    if (seen.has(tag)) throw damaged('holds the same element twice');
    seen.add(tag);
    const element = readElement(source, tag, { offset, limit, stop }, encoding, depth);
    elements.push(element);
    offset = element.end;
  }
  return { elements, end: offset };
}

function readElement(source: Source, tag: number, range: Range, encoding: Encoding, depth: number): Element {
  const { offset: start, limit } = range;
  if (tag >>> 16 === 0xfffe) throw damaged('holds a delimiter where an element belongs');
  const { writtenVr, length, valueStart } = readHeader(source, start, limit, encoding);
  const known = dictionaryVr(tag);
  const stated = writtenVr === 'UN' ? null : writtenVr;
  const vr = stated ?? known ?? 'UN';
  const itemEncoding = writtenVr === 'UN' ? IN_UN : encoding;
  const element = { tag, writtenVr, vr, start, valueStart, itemEncoding };
  const nested = { offset: valueStart, limit, stop: null };
  if (length === UNDEFINED_LENGTH) {
    // OB and OW of undefined length hold fragments (PS3.5 A.4). Every other undefined length is that of a sequence
    // (PS3.5 7.5).
    if (stated === 'OB' || stated === 'OW')
      return { ...element, end: skipFragments(source, nested, encoding), items: null };
    if (vr !== 'SQ' && stated !== null) throw damaged('holds a value without a length');
    return { ...element, vr: 'SQ', ...readItems(source, nested, itemEncoding, depth) };
  }
  const end = valueStart + length;
  if (end > limit) throw damaged('ends in the middle of an element');
  // Private sequences are removed as a whole, and some do not follow the standard, so their items are not read.
  if (vr !== 'SQ' || isPrivate(tag)) return { ...element, end, items: null };
  return { ...element, ...readItems(source, { offset: valueStart, limit: end, stop: end }, itemEncoding, depth) };
}

function readHeader({ view, bytes }: Source, offset: number, limit: number, { explicit, bigEndian }: Encoding) {
  if (!explicit) return { writtenVr: null, length: view.getUint32(offset + 4, !bigEndian), valueStart: offset + 8 };
  const writtenVr = String.fromCharCode(bytes[offset + 4] as number, bytes[offset + 5] as number);
  if (!/^[A-Z]{2}$/.test(writtenVr)) throw damaged('holds an element without a value representation');
  if (isShortVr(writtenVr)) {
    return { writtenVr, length: view.getUint16(offset + 6, !bigEndian), valueStart: offset + 8 };
  }
  if (offset + 12 > limit) throw damaged('ends in the middle of an element');
  return { writtenVr, length: view.getUint32(offset + 8, !bigEndian), valueStart: offset + 12 };
}

/** Reads the items of a sequence, each with or without lengths (PS3.5 7.5). */
function readItems(source: Source, range: Range, encoding: Encoding, depth: number) {
  const { limit, stop } = range;
  const items: Element[][] = [];
  let { offset } = range;
  while (stop === null || offset < stop) {
    const tag = readTag(source, offset, limit, encoding);
    if (tag === SEQUENCE_END && stop === null) return { items, end: offset + 8 };
    if (tag !== ITEM) throw damaged('holds a sequence of something else than items');
    const length = source.view.getUint32(offset + 4, !encoding.bigEndian);
    const hasLength = length !== UNDEFINED_LENGTH;
    const end = offset + 8 + length;
    if (hasLength && end > limit) throw damaged('holds an item that is longer than its sequence');
    const content = { offset: offset + 8, limit: hasLength ? end : limit, stop: hasLength ? end : null };
    const item = readDataSet(source, content, encoding, depth + 1);
    items.push(item.elements);
    offset = item.end;
  }
  return { items, end: offset };
}

function skipFragments(source: Source, { offset: start, limit }: Range, encoding: Encoding): number {
  let offset = start;
  for (;;) {
    const tag = readTag(source, offset, limit, encoding);
    if (tag === SEQUENCE_END) return offset + 8;
    if (tag !== ITEM) throw damaged('holds compressed pixels that are not in fragments');
    offset += 8 + source.view.getUint32(offset + 4, !encoding.bigEndian);
  }
}

function readTag(source: Source, offset: number, limit: number, { bigEndian }: Encoding): number {
  if (offset + 8 > limit) throw damaged('ends in the middle of an element');
  if (++source.count > MAX_ELEMENTS) throw damaged(`holds more than ${MAX_ELEMENTS} elements`);
  return source.view.getUint16(offset, !bigEndian) * 0x10000 + source.view.getUint16(offset + 2, !bigEndian);
}

function isPrivate(tag: number): boolean {
  return (tag >>> 16) % 2 === 1;
}

function damaged(what: string): InvalidDicom {
  return new InvalidDicom(`The data set ${what}. Send or copy the file again, or export it again from its source.`);
}
