import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LesionLabel } from './lesion.js';
import { PHANTOM_COLUMNS, PHANTOM_PIXEL_SPACING, PHANTOM_ROWS, phantomLesion, phantomVolume } from './phantom.js';

const FIRST_TRAINING_SEED = 1000;
const MINIMUM_AREA = 60; // pixels of tumour that make a slice one with tumour; slices with fewer are left out
const KINDS: readonly (LesionLabel | null)[] = ['glioma', null, 'meningioma', 'glioma', null, 'pituitary'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(FIRST_TRAINING_SEED) },
    slices: { type: 'string', default: '22' },
    every: { type: 'string', default: '1' }, // of the tumour-free slices, which outnumber the others, only every Nth is kept
  },
});
const [folder] = positionals;
if (!folder) {
  console.error(
    'Usage: node dist/sample/dumpPhantoms.js OUTDIR [--count VOLUMES] [--seed FIRST] [--slices PER_VOLUME] [--every N]',
  );
  process.exit(2);
}

// phantoms.json describes each slice; pixels.u16 (little endian) and masks.u8 hold them one after another.
const slices: object[] = [];
const pixels: Uint8Array[] = [];
const masks: Uint8Array[] = [];
for (let volume = 0; volume < Number(values.count); volume++) {
  const seed = Number(values.seed) + volume;
  const kind = KINDS[volume % KINDS.length] ?? null;
  const lesion = kind && phantomLesion(seed, kind);
  for (const [index, slice] of phantomVolume(seed, Number(values.slices), lesion).entries()) {
    const area = slice.lesionMask.reduce((sum, value) => sum + value, 0);
    if (area > 0 ? area < MINIMUM_AREA : (index + volume) % Number(values.every) > 0) continue;
    slices.push({ seed, index, z: slice.z, label: area > 0 ? kind : 'no_tumor', area });
    pixels.push(new Uint8Array(slice.pixels.buffer));
    masks.push(slice.lesionMask);
  }
}
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'pixels.u16'), Buffer.concat(pixels));
writeFileSync(join(folder, 'masks.u8'), Buffer.concat(masks));
const index = { rows: PHANTOM_ROWS, columns: PHANTOM_COLUMNS, pixelSpacing: PHANTOM_PIXEL_SPACING, slices };
writeFileSync(join(folder, 'phantoms.json'), `${JSON.stringify(index)}\n`);
console.log(`${slices.length} slices of ${values.count} heads in ${folder}`);
