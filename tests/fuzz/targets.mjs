import { readMultipart } from '../../dist/pacs/dicomweb/multipart.js';
import { parseInstance } from '../../dist/pacs/header/parse.js';
import { createDecodePool } from '../../dist/pacs/pixels/decodePool.js';
import { associationTarget } from './association.mjs';
import { dicomSeeds, multipartSeeds } from './seeds.mjs';

const BOUNDARY = 'boundary';

/**
 * What is fuzzed, in turns. `seeds`: good inputs, with their fields. `run`: takes a mutated one, and must answer or
 * fail with a MrimasterError; `random` is for what the input does not decide. `check`, now and then: fails unless a good
 * input still gives what it gave. `close`: gives back what `open` took.
 */
export async function openTargets() {
  const dicom = await dicomSeeds();
  const pool = createDecodePool({ threads: 1, timeoutMs: 10_000, memoryMb: 256 });
  const first = await pool.readStoredFrame(dicom[0].bytes, 1);
  return [
    { name: 'parser', seeds: dicom, run: async (bytes) => parseInstance(bytes) },
    {
      name: 'decoder',
      seeds: dicom,
      run: async (bytes, random) => {
        const frame = random.once(5) ? 2 : 1;
        const {
          rows,
          columns,
          samplesPerPixel = 1,
          pixels,
        } = await (random.once(2) ? pool.readSlice(bytes, frame) : pool.readStoredFrame(bytes, frame));
        if (pixels.length !== rows * columns * samplesPerPixel) throw new Error('Pixels of another size');
      },
      check: async () => {
        const { pixels } = await pool.readStoredFrame(dicom[0].bytes, 1);
        if (!pixels.every((value, index) => value === first.pixels[index])) throw new Error('Another image');
      },
      close: () => pool.close(),
    },
    { name: 'multipart', seeds: multipartSeeds(BOUNDARY), run: readParts },
    await associationTarget(),
  ];
}

/** Reads all parts, some only in part, of a body that arrives in chunks of any size. */
async function readParts(bytes, random) {
  const largest = random.of([1, 3, 16, 1000, 100_000]);
  async function* chunks() {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(largest);
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  for await (const { content } of readMultipart(chunks(), BOUNDARY)) {
    for await (const _ of content) if (random.once(10)) break;
  }
}
