import { InvalidDicom } from '../../errors/errors.js';
import { type Encoding, encodeElement, encodeHeader, encodeItemHeader } from '../write/encodeElement.js';
import { dummyValue, isText } from './dummies.js';
import { PROFILE } from './profile.js';
import type { Pseudonyms } from './pseudonyms.js';
import type { Element } from './readElements.js';
import { treatmentOf } from './treatment.js';

const PATIENT_ID = 0x00100020;

/** Most UIDs of one element. Each may grow by forty bytes, and the length of an element has sixteen bits. */
const MAX_UIDS = 256;

/**
 * State of writing one data set. `bytes`: what the offsets of elements point into. `pieces`: the output, to be joined.
 */
export type Rewriting = { bytes: Uint8Array; pseudonyms: Pseudonyms; pieces: Uint8Array[] };

/**
 * Writes what the profile leaves of an element, in the same encoding. Where nothing changes, the bytes stay the same.
 * @returns the number of written bytes.
 * @throws InvalidDicom for too many UIDs in one element.
 */
export function writeCleaned(element: Element, encoding: Encoding, rewriting: Rewriting): number {
  const treatment = treatmentOf(element);
  if (treatment === 'remove') return 0;
  // An empty value identifies nobody, so it needs no dummy.
  if (treatment === 'empty' || (treatment === 'dummy' && isEmpty(element)))
    return write(element, '', encoding, rewriting);
  if (element.items)
    return writeSequence(element, encoding, rewriting, treatment === 'dummy' ? writeDummy : writeCleaned);
  if (treatment === 'dummy') return write(element, replacement(element, rewriting), encoding, rewriting);
  if (treatment === 'uid' && !namesStandard(element, rewriting))
    return write(element, replaceUids(element, rewriting), encoding, rewriting);
  return writeKept(element, encoding, rewriting);
}

/**
 * Writes a sequence with explicit lengths, which never take more bytes than delimiters.
 * @param writeElement writes each element of each item.
 * @param added an encoded item to append.
 */
export function writeSequence(
  element: Element,
  encoding: Encoding,
  rewriting: Rewriting,
  writeElement: typeof writeCleaned = writeCleaned,
  added: Uint8Array = new Uint8Array(),
): number {
  const { pieces } = rewriting;
  const header = pieces.push(new Uint8Array()) - 1;
  let content = 0;
  for (const item of element.items ?? []) {
    const itemHeader = pieces.push(new Uint8Array()) - 1;
    let length = 0;
    for (const nested of item) length += writeElement(nested, element.itemEncoding, rewriting);
    pieces[itemHeader] = encodeItemHeader(length, element.itemEncoding);
    content += 8 + length;
  }
  pieces.push(added);
  content += added.length;
  const bytes = encodeHeader(element.tag, element.writtenVr ?? '', content, encoding);
  pieces[header] = bytes;
  return bytes.length + content;
}

/**
 * Writes a sequence whose action is D: it keeps its shape, and every value in it becomes a dummy. Only UIDs of classes,
 * templates and coding schemes that the standard defines stay.
 */
function writeDummy(element: Element, encoding: Encoding, rewriting: Rewriting): number {
  if (treatmentOf(element) === 'remove') return 0;
  if (isEmpty(element)) return write(element, '', encoding, rewriting);
  if (element.items) return writeSequence(element, encoding, rewriting, writeDummy);
  if (element.vr !== 'UI') return write(element, replacement(element, rewriting), encoding, rewriting);
  if (namesStandard(element, rewriting)) return writeKept(element, encoding, rewriting);
  return write(element, replaceUids(element, rewriting), encoding, rewriting);
}

/** Whether the element's UID names something that the standard itself defines, unless the profile says otherwise. */
function namesStandard(element: Element, rewriting: Rewriting): boolean {
  return !PROFILE.has(element.tag) && textOf(element, rewriting).startsWith('1.2.840.10008.');
}

function replacement(element: Element, rewriting: Rewriting): string | Uint8Array {
  if (element.tag === PATIENT_ID) return rewriting.pseudonyms.patientId(textOf(element, rewriting));
  if (element.vr === 'UI') return replaceUids(element, rewriting);
  return dummyValue(element.vr, element.end - element.valueStart);
}

function replaceUids(element: Element, rewriting: Rewriting): string {
  const uids = textOf(element, rewriting).split('\\');
  if (uids.length > MAX_UIDS) {
    throw new InvalidDicom(`An element holds more than ${MAX_UIDS} UIDs. Export the object again from its source.`);
  }
  return uids.map((uid) => (uid.trim() === '' ? '' : rewriting.pseudonyms.uid(uid.trim()))).join('\\');
}

/**
 * Writes an element unchanged, but ends text at the first control character that its VR cannot hold (PS3.5 6.1.3).
 * Behind it may be a whole element that a wrong length has swallowed.
 */
function writeKept(element: Element, encoding: Encoding, { bytes, pieces }: Rewriting): number {
  const { start, valueStart, end, vr } = element;
  if (isText(vr)) {
    const value = bytes.subarray(valueStart, end);
    const cut = value.findIndex((byte) => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b);
    if (cut >= 0 && value.subarray(cut).some((byte) => byte !== 0 && byte !== 0x20)) {
      return write(element, Buffer.from(value.subarray(0, cut)).toString('latin1'), encoding, { pieces });
    }
  }
  return pieces.push(bytes.subarray(start, end)) && end - start;
}

function write(
  { tag, vr }: Element,
  value: string | Uint8Array,
  encoding: Encoding,
  { pieces }: Pick<Rewriting, 'pieces'>,
): number {
  const bytes = encodeElement(tag, vr, value, encoding);
  pieces.push(bytes);
  return bytes.length;
}

/** The text of an element without padding, one character for each byte. */
export function textOf({ valueStart, end }: Element, { bytes }: Pick<Rewriting, 'bytes'>): string {
  return Buffer.from(bytes.subarray(valueStart, end))
    .toString('latin1')
    .replace(/^ +|[\0 ]+$/g, '');
}

function isEmpty({ items, valueStart, end }: Element): boolean {
  return items ? items.length === 0 : end === valueStart;
}
