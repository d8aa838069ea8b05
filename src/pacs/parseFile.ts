import { type FileHandle, open } from 'node:fs/promises';
import { InvalidDicom } from '../errors.js';
import { locateDataSet } from './locateDataSet.js';
import { type Instance, readInstance } from './parse.js';
import { readHeader } from './readHeader.js';

const FIRST_READ = 256 * 1024;
const MAX_HEADER = 512 * 1024 * 1024;

/**
 * As parseInstance, from a file, reading no more of it than the header needs: the pixels behind may be gigabytes.
 * @throws InvalidDicom, or the file system's error.
 */
export async function parseFile(path: string): Promise<Instance> {
  const file = await open(path, 'r');
  try {
    return await parseOpenFile(file);
  } finally {
    await file.close();
  }
}

/** As {@link parseFile}, from a file that is open for reading. */
export async function parseOpenFile(file: FileHandle): Promise<Instance> {
  const { size } = await file.stat();
  for (let length = FIRST_READ; ; length *= 8) {
    const whole = length >= size;
    if (!whole && length > MAX_HEADER) {
      throw new InvalidDicom(`The header is larger than ${MAX_HEADER / 1024 / 1024} MiB. Export the object again.`);
    }
    const start = new Uint8Array(Math.min(length, size));
    await file.read(start, 0, start.length, 0);
    locateDataSet(start); // what does not begin as DICOM is not read any further
    try {
      const header = readHeader(start);
      if (whole || header.pixelData) return readInstance(header.dataSet, header.transferSyntaxUid);
    } catch (error) {
      if (whole) throw error;
    }
  }
}
