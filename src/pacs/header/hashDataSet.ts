import { createHash } from 'node:crypto';
import { InvalidDicom } from '../../errors/errors.js';
import { locateDataSet, MAX_FILE_META } from './locateDataSet.js';

/**
 * SHA-256 of the data set of a Part 10 file that arrives in chunks: of what lies behind group 0002, which differs between
 * two ways that the same object came (PS3.10 7.1). Of what is no DICOM, the hash of everything.
 */
export function createDataSetHash(): { update(chunk: Uint8Array): void; digest(): string } {
  const hash = createHash('sha256');
  let head: Buffer | null = Buffer.alloc(0);
  const begin = (bytes: Buffer) => {
    hash.update(bytes.subarray(offsetOf(bytes)));
    head = null;
  };
  return {
    update: (chunk) => {
      if (head === null) return void hash.update(chunk);
      head = Buffer.concat([head, chunk]);
      if (head.length >= MAX_FILE_META) begin(head);
    },
    digest: () => {
      if (head !== null) begin(head);
      return hash.digest('hex');
    },
  };
}

function offsetOf(bytes: Buffer): number {
  try {
    return locateDataSet(bytes).offset;
  } catch (error) {
    if (error instanceof InvalidDicom) return 0;
    throw error;
  }
}
