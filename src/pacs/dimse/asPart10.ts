import { type FileMeta, writeFileMeta } from '../write/writeFileMeta.js';

/**
 * Yields a data set as a Part 10 file (PS3.10 7.1): preamble and group 0002, then the bytes of the data set as they
 * arrive.
 */
export async function* asPart10(dataSet: AsyncIterable<Uint8Array>, meta: FileMeta): AsyncGenerator<Uint8Array> {
  yield writeFileMeta(meta);
  yield* dataSet;
}
