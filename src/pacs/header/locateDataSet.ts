import { InvalidDicom } from '../../errors/errors.js';
import {
  DEFLATED_LITTLE_ENDIAN,
  EXPLICIT_BIG_ENDIAN,
  EXPLICIT_LITTLE_ENDIAN,
  IMPLICIT_LITTLE_ENDIAN,
} from './transferSyntax.js';

/** Bytes at the start of a file that always hold its whole file meta information. */
export const MAX_FILE_META = 64 * 1024;

/** Where the data set begins, and how it is encoded. */
export type Location = { offset: number; transferSyntaxUid: string; explicit: boolean; bigEndian: boolean };

const VRS = new Set(
  'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(' '),
);
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/**
 * Finds the data set behind preamble and file meta information (PS3.10 7.1). Real files sometimes lack either, or lack the
 * preamble's 128 bytes and begin at "DICM".
 * Without a transfer syntax, or where the first element contradicts it, the encoding of that element decides.
 * @throws InvalidDicom where no data set can begin.
 */
export function locateDataSet(bytes: Uint8Array): Location {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = latin1(bytes, 128, 132) === 'DICM' ? 132 : latin1(bytes, 0, 4) === 'DICM' ? 4 : 0;
  const { offset, transferSyntaxUid } = readFileMeta(bytes, view, start);
  if (offset + 8 > bytes.length) throw notDicom();
  if (transferSyntaxUid === DEFLATED_LITTLE_ENDIAN) {
    return { offset, transferSyntaxUid, explicit: true, bigEndian: false };
  }
  const explicit = VRS.has(latin1(bytes, offset + 4, offset + 6));
  const firstGroup = view.getUint16(offset, true);
  if (explicit && (firstGroup === 0x0800 || transferSyntaxUid === EXPLICIT_BIG_ENDIAN)) {
    return { offset, transferSyntaxUid: EXPLICIT_BIG_ENDIAN, explicit, bigEndian: true };
  }
  // Without "DICM" in front, a first group of 0008 is what distinguishes DICOM from noise.
  if (start === 0 && firstGroup !== 0x0008) throw notDicom();
  const contradicted = [null, IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN].includes(
    transferSyntaxUid,
  );
  const seen = explicit ? EXPLICIT_LITTLE_ENDIAN : IMPLICIT_LITTLE_ENDIAN;
  return {
    offset,
    transferSyntaxUid: contradicted || transferSyntaxUid === null ? seen : transferSyntaxUid,
    explicit,
    bigEndian: false,
  };
}

/**
 * Reads the file meta information. It is always explicit little endian (PS3.10 7.1), but some writers make it implicit.
 */
function readFileMeta(
  bytes: Uint8Array,
  view: DataView,
  start: number,
): { offset: number; transferSyntaxUid: string | null } {
  let offset = start;
  let transferSyntaxUid: string | null = null;
  while (offset + 8 <= bytes.length && view.getUint16(offset, true) === 0x0002) {
    const element = view.getUint16(offset + 2, true);
    const vr = latin1(bytes, offset + 4, offset + 6);
    let value = offset + 8;
    let length: number;
    if (!VRS.has(vr)) {
      length = view.getUint32(offset + 4, true);
    } else if (LONG_VRS.has(vr)) {
      if (offset + 12 > bytes.length) throw notDicom();
      length = view.getUint32(offset + 8, true);
      value = offset + 12;
    } else {
      length = view.getUint16(offset + 6, true);
    }
    if (value + length > bytes.length) throw notDicom();
    if (element === 0x0010)
      transferSyntaxUid = latin1(bytes, value, value + Math.min(length, 66)).replace(/[\0 ]+$/, '');
    offset = value + length;
  }
  return { offset, transferSyntaxUid: transferSyntaxUid || null };
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function notDicom(): InvalidDicom {
  return new InvalidDicom('This is not a DICOM object, or only its first bytes. Send a DICOM Part 10 file.');
}
