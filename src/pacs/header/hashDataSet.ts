import { createHash } from 'node:crypto';
import { InvalidDicom } from '../../errors/errors.js';
import { locateDataSet, MAX_FILE_META } from './locateDataSet.js';

/**
 * SHA-256, in hexadecimal, of the data set of a Part 10 file that arrives in chunks.
 * Group 0002 is left out, because it differs between two copies of one object that came by different ways (PS3.10 7.1).
 * Bytes that are not DICOM are hashed as a whole.
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
