import { encodeElement } from './encodeElement.js';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.js';

/** What file meta information says. `sourceAeTitle`: who sent the object; absent where the file must not reveal it. */
export type FileMeta = {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  sourceAeTitle?: string;
};

/** Group 0002 is always explicit little endian (PS3.10 7.1). */
const ENCODING = { explicit: true, bigEndian: false };

/** Encodes preamble and file meta information (PS3.10 7.1), which precede a data set. */
export function writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle }: FileMeta): Buffer {
  const content = Buffer.concat([
    encodeElement(0x00020001, 'OB', new Uint8Array([0, 1]), ENCODING),
    encodeElement(0x00020002, 'UI', sopClassUid, ENCODING),
    encodeElement(0x00020003, 'UI', sopInstanceUid, ENCODING),
    encodeElement(0x00020010, 'UI', transferSyntaxUid, ENCODING),
    encodeElement(0x00020012, 'UI', IMPLEMENTATION_CLASS_UID, ENCODING),
    encodeElement(0x00020013, 'SH', IMPLEMENTATION_VERSION_NAME, ENCODING),
    ...(sourceAeTitle ? [encodeElement(0x00020016, 'AE', sourceAeTitle, ENCODING)] : []),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  const groupLength = encodeElement(0x00020000, 'UL', length, ENCODING);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), groupLength, content]);
}
