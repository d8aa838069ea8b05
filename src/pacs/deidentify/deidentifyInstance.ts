import { deflateRawSync } from 'node:zlib';
import { InvalidDicom } from '../../errors/errors.js';
import { locateDataSet } from '../header/locateDataSet.js';
import { inflateDataSet } from '../header/readHeader.js';
import { DEFLATED_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN } from '../header/transferSyntax.js';
import { requireUid } from '../header/uid.js';
import type { Encoding } from '../write/encodeElement.js';
import { writeFileMeta } from '../write/writeFileMeta.js';
import { type Rewriting, textOf, writeCleaned } from './applyProfile.js';
import { markDeidentified } from './markDeidentified.js';
import { createPseudonyms } from './pseudonyms.js';
import { type Element, readElements } from './readElements.js';
import { refuseUncleanable } from './refuseUncleanable.js';

/**
 * Most bytes by which a dummy or a UID exceeds the value that it replaces, and that the marks of de-identification
 * take.
 */
const GROWTH = { element: 64, file: 1024 };

/**
 * De-identifies an object by the Basic Application Level Confidentiality Profile of PS3.15 Annex E. The result is a
 * Part 10 file in the transfer syntax of `input`, with unchanged pixels. UIDs and Patient ID become pseudonyms that
 * depend only on the original and `key`, so that references between objects still hold.
 * @param key secret, at least KEY_BYTES bytes.
 * @throws InvalidDicom for damaged input, BurnedInAnnotation and CannotDeidentify for what the profile cannot clean;
 *   nothing else, whatever the bytes.
 */
export function deidentifyInstance(input: Uint8Array, key: Uint8Array): Buffer {
  const located = locateDataSet(input);
  const { transferSyntaxUid, explicit, bigEndian } = located;
  const encoding = { explicit, bigEndian };
  if (!explicit && transferSyntaxUid !== IMPLICIT_LITTLE_ENDIAN) {
    throw new InvalidDicom('The data set is written in another way than its transfer syntax says. Export it again.');
  }
  if (!transferSyntaxUid.startsWith('1.2.840.10008.1.2')) {
    throw new InvalidDicom('A private transfer syntax cannot be read. Export the object again in a standard one.');
  }
  const deflated = transferSyntaxUid === DEFLATED_LITTLE_ENDIAN;
  const bytes = deflated ? inflateDataSet(input.subarray(located.offset)) : input;
  const { elements, count } = readElements(bytes, deflated ? 0 : located.offset, encoding);
  refuseUncleanable(elements, bytes);

  const rewriting: Rewriting = { bytes, pseudonyms: createPseudonyms(key), pieces: [] };
  const length = writeDataSet(elements, encoding, rewriting);
  if (length > bytes.length + count * GROWTH.element + GROWTH.file) {
    throw new InvalidDicom('The data set would grow beyond measure. Export the object again from its source.');
  }
  const dataSet = Buffer.concat(rewriting.pieces, length);
  const uid = (tag: number, keyword: string) => {
    const element = elements.find((candidate) => candidate.tag === tag);
    return requireUid(element ? textOf(element, rewriting) : null, keyword);
  };
  const fileMeta = writeFileMeta({
    sopClassUid: uid(0x00080016, 'SOPClassUID'),
    sopInstanceUid: rewriting.pseudonyms.uid(uid(0x00080018, 'SOPInstanceUID')),
    transferSyntaxUid,
  });
  return Buffer.concat([fileMeta, deflated ? deflate(dataSet) : dataSet]);
}

/** Writes the elements in the order of their tags (PS3.5 7.1), which some files do not keep. */
function writeDataSet(elements: readonly Element[], encoding: Encoding, rewriting: Rewriting): number {
  const byTag = new Map(elements.map((element) => [element.tag, element]));
  const marks = markDeidentified(byTag, encoding, rewriting);
  const tags = [...new Set([...byTag.keys(), ...marks.keys()])].sort((a, b) => a - b);
  let length = 0;
  for (const tag of tags) {
    const writeMark = marks.get(tag);
    length += writeMark ? writeMark() : writeCleaned(byTag.get(tag) as Element, encoding, rewriting);
  }
  return length;
}

/** Deflates a data set to a raw stream, padded to even length (PS3.5 A.5). */
function deflate(dataSet: Buffer): Buffer {
  const stream = deflateRawSync(dataSet);
  return stream.length % 2 === 0 ? stream : Buffer.concat([stream, Buffer.alloc(1)]);
}
