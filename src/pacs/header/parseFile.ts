import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { InvalidDicom } from '../../errors/errors.js';
import { locateDataSet } from './locateDataSet.js';
import { type Instance, readInstance } from './parse.js';
import { readDataSet, readHeader } from './readHeader.js';
import { DEFLATED_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN } from './transferSyntax.js';

const FIRST_READ = 256 * 1024;
/** Longest header, in bytes: enough for tens of thousands of frames with attributes of their own. */
const MAX_HEADER = 64 * 1024 * 1024;
/** Longest deflated header, inflated. The limit is lower, because the sender pays a thousandth of these bytes. */
const MAX_INFLATED_HEADER = 16 * 1024 * 1024;
const GROWTH = 8;
const CHUNK = 64 * 1024;

/**
 * As parseInstance, from a file. Only as much is read as the header needs, because the pixels behind it may be
 * gigabytes.
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
  for (let length = FIRST_READ; ; length = Math.min(length * GROWTH, MAX_HEADER)) {
    const whole = length >= size;
    const start = new Uint8Array(Math.min(length, size));
    await file.read(start, 0, start.length, 0);
    const { offset, transferSyntaxUid } = locateDataSet(start); // fails before more is read of a file that is not DICOM
    if (transferSyntaxUid === DEFLATED_LITTLE_ENDIAN) return parseDeflated(file, offset);
    try {
      const header = readHeader(start);
      if (whole || header.pixelData) return readInstance(header.dataSet, header.transferSyntaxUid);
    } catch (error) {
      if (whole) throw error;
    }
    if (length === MAX_HEADER) throw tooLarge();
  }
}

/** Parses a deflated file, inflating only as much as its header needs: a kilobyte may inflate to a gigabyte. */
async function parseDeflated(file: FileHandle, offset: number): Promise<Instance> {
  const chunks: Buffer[] = [];
  let length = 0;
  let enough = FIRST_READ;
  const read = (): Instance | null => {
    const dataSet = readDataSet(Buffer.concat(chunks, length), EXPLICIT_LITTLE_ENDIAN);
    return dataSet.elements.x7fe00010 ? readInstance(dataSet, DEFLATED_LITTLE_ENDIAN) : null;
  };
  const deflated = Readable.from(readFrom(file, offset));
  const inflate = createInflateRaw();
  deflated.on('error', (error) => inflate.destroy(error)).pipe(inflate);
  try {
    for await (const chunk of inflate) {
      chunks.push(chunk);
      length += chunk.length;
      if (length < enough) continue;
      if (length >= MAX_INFLATED_HEADER) throw tooLarge();
      enough *= GROWTH;
      const instance = attempt(read);
      if (instance) return instance;
    }
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error;
    throw new InvalidDicom('The deflated data set is damaged or truncated. Send or copy the file again.');
  } finally {
    deflated.destroy();
  }
  return readInstance(readDataSet(Buffer.concat(chunks, length), EXPLICIT_LITTLE_ENDIAN), DEFLATED_LITTLE_ENDIAN);
}

/** Reads a file in chunks. The stream of a file handle would close the file when it ends. */
async function* readFrom(file: FileHandle, offset: number): AsyncGenerator<Buffer> {
  for (let position = offset; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** The result of `read`; null where it needs more of the header. */
function attempt(read: () => Instance | null): Instance | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidDicom) return null;
    throw error;
  }
}

function tooLarge(): InvalidDicom {
  return new InvalidDicom('The header is larger than that of any image. Export the object again, uncompressed.');
}
