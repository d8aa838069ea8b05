import { type Encoding, encodeElement, encodeItemHeader } from '../write/encodeElement.js';
import { type Rewriting, textOf, writeSequence } from './applyProfile.js';
import { PROFILE_EDITION } from './profile.js';
import type { Element } from './readElements.js';

const METHOD_TAG = 0x00120063;
const METHOD_CODES_TAG = 0x00120064;
const METHOD = `MRIMaster: Basic Profile of ${PROFILE_EDITION}`;

/** Longest text of earlier methods that is carried along, in bytes. */
const MAX_EARLIER_METHODS = 1024;

/**
 * The attributes that say how an object was de-identified (PS3.15 E.1.1, E.3.6), by tag, each with a function that
 * writes it. Method and codes are added to those of an earlier de-identification, once.
 */
export function markDeidentified(
  byTag: ReadonlyMap<number, Element>,
  encoding: Encoding,
  rewriting: Rewriting,
): Map<number, () => number> {
  const put = (tag: number, vr: string, value: string) => () => {
    const bytes = encodeElement(tag, vr, value, encoding);
    rewriting.pieces.push(bytes);
    return bytes.length;
  };
  return new Map([
    [0x00120062, put(0x00120062, 'CS', 'YES')],
    [METHOD_TAG, put(METHOD_TAG, 'LO', methods(byTag.get(METHOD_TAG), rewriting))],
    [METHOD_CODES_TAG, () => writeMethodCodes(byTag.get(METHOD_CODES_TAG), encoding, rewriting)],
    [0x00280303, put(0x00280303, 'CS', 'REMOVED')],
  ]);
}

function methods(element: Element | undefined, rewriting: Rewriting): string {
  const earlier = element ? textOf(element, rewriting) : '';
  if (earlier === '' || element?.items || earlier.length > MAX_EARLIER_METHODS) return METHOD;
  return earlier.split('\\').includes(METHOD) ? earlier : `${earlier}\\${METHOD}`;
}

function writeMethodCodes(element: Element | undefined, encoding: Encoding, rewriting: Rewriting): number {
  const earlier = element?.items ?? [];
  const stated = earlier.some((item) =>
    item.some((nested) => nested.tag === 0x00080100 && textOf(nested, rewriting) === '113100'),
  );
  const sequence = { tag: METHOD_CODES_TAG, vr: 'SQ', writtenVr: 'SQ', start: 0, valueStart: 0, end: 0 };
  const itemEncoding = element?.items ? element.itemEncoding : encoding;
  const writtenVr = element?.items ? element.writtenVr : 'SQ';
  const added = stated ? new Uint8Array() : basicProfileItem(itemEncoding);
  const whole = { ...sequence, writtenVr, itemEncoding, items: earlier };
  return writeSequence(whole, encoding, rewriting, undefined, added);
}

/** The item that names the Basic Profile (PS3.16 CID 7050). */
function basicProfileItem(encoding: Encoding): Uint8Array {
  const content = Buffer.concat([
    encodeElement(0x00080100, 'SH', '113100', encoding),
    encodeElement(0x00080102, 'SH', 'DCM', encoding),
    encodeElement(0x00080104, 'LO', 'Basic Application Confidentiality Profile', encoding),
  ]);
  return Buffer.concat([encodeItemHeader(content.length, encoding), content]);
}
