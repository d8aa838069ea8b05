import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../implementation.js';
import { encodeElement } from './writeElements.js';

const ENCODING = { explicit: true, bigEndian: false };

/** Preamble and file meta information (PS3.10 7.1) of a file that tells nothing of where its object comes from. */
export function writeFileMeta(uids: {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
}): Buffer {
  const content = Buffer.concat([
    encodeElement(0x00020001, 'OB', new Uint8Array([0, 1]), ENCODING),
    encodeElement(0x00020002, 'UI', uids.sopClassUid, ENCODING),
    encodeElement(0x00020003, 'UI', uids.sopInstanceUid, ENCODING),
    encodeElement(0x00020010, 'UI', uids.transferSyntaxUid, ENCODING),
    encodeElement(0x00020012, 'UI', IMPLEMENTATION_CLASS_UID, ENCODING),
    encodeElement(0x00020013, 'SH', IMPLEMENTATION_VERSION_NAME, ENCODING),
  ]);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, content.length, true);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    encodeElement(0x00020000, 'UL', length, ENCODING),
    content,
  ]);
}
