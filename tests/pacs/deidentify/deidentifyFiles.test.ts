import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { deidentifyInstance } from '../../../src/pacs/deidentify/deidentifyInstance.js';
import { locateDataSet } from '../../../src/pacs/header/locateDataSet.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { decodeFrame } from '../../../src/pacs/pixels/decode.js';
import { requirePart } from '../../setup/requirements.js';
import { buildFile, us } from '../buildDicom.js';
import { filesOf, hasStudies } from '../sharedData.js';
import { createSeeds, seededInstance } from './seededInstance.js';

const installed = (tool: string) => spawnSync(tool, ['--version']).status !== null;
const hasEncoders = requirePart(
  'DCMTK encoders',
  ['dcmconv', 'dcmcrle', 'dcmcjpeg'].every(installed),
  'Install dcmtk.',
);
const hasValidator = requirePart('dciodvfy', installed('dciodvfy'), 'Install dicom3tools.');

const KEY = Buffer.alloc(32, 7);
const folder = mkdtempSync(join(tmpdir(), 'deidentify-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.runIf(hasEncoders)('an image in another encoding', () => {
  const size = 16;
  const seeds = createSeeds();
  const { '00880200': _, ...elements } = seededInstance(seeds); // an icon without pixels, which the encoders refuse
  const plain = join(folder, 'plain.dcm');
  writeFileSync(
    plain,
    buildFile({
      ...elements,
      '00280010': ['US', us(size)],
      '00280011': ['US', us(size)],
      '7FE00010': ['OW', us(...Array.from({ length: size * size }, (_, index) => (index * 37) % 4096))],
    }),
  );

  /** How many seeds there are in a file, whose data set may be deflated. */
  function survivors(bytes: Buffer): number {
    const { offset, transferSyntaxUid } = locateDataSet(bytes);
    const deflated = transferSyntaxUid === '1.2.840.10008.1.2.1.99';
    const text = (deflated ? inflateRawSync(bytes.subarray(offset)) : bytes).toString('latin1');
    return seeds.all.filter((seed) => text.includes(seed)).length;
  }

  it.each([
    ['Implicit VR Little Endian', 'dcmconv', ['+ti'], '1.2.840.10008.1.2'],
    ['Explicit VR Little Endian, no lengths', 'dcmconv', ['+te', '-e'], '1.2.840.10008.1.2.1'],
    ['Implicit VR Little Endian, no lengths', 'dcmconv', ['+ti', '-e'], '1.2.840.10008.1.2'],
    ['Explicit VR Big Endian', 'dcmconv', ['+tb'], '1.2.840.10008.1.2.2'],
    ['Deflated Explicit VR Little Endian', 'dcmconv', ['+td'], '1.2.840.10008.1.2.1.99'],
    ['RLE Lossless', 'dcmcrle', [], '1.2.840.10008.1.2.5'],
    ['JPEG Lossless', 'dcmcjpeg', ['+e1'], '1.2.840.10008.1.2.4.70'],
  ])('keeps its encoding and its pixels, and no seed: %s', async (name, tool, options, transferSyntaxUid) => {
    const path = join(folder, `${name}.dcm`);
    const { status, stderr } = spawnSync(tool, [...options, plain, path], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const input = readFileSync(path);
    const output = deidentifyInstance(input, KEY);
    expect(parseInstance(output).transferSyntaxUid).toBe(transferSyntaxUid);
    expect((await decodeFrame(output, 1)).pixels).toEqual((await decodeFrame(input, 1)).pixels);

    expect(survivors(input)).toBeGreaterThan(2000);
    expect(survivors(output)).toBe(0);
  });
});

describe.runIf(hasStudies)('real images', () => {
  it.each([
    ['glioma_tcga_fg_6692', 'T1c_ax'],
    ['healthy_siemens_trio_adult', 'T1_native'],
    ['healthy_uih_umr770', 'T1_ax_mpr3mm'],
    ['ood_noise_mr_ge', 'S1'],
    ['ood_noise_mr_philips_enh', 'S1'],
    ['ood_ct_pelvis', 'S1'],
    ['tech_mosaic_siemens', 'S1'],
    ['tech_perfusion_map', 'S1'],
    ['tech_j2k_lossless_dev', 'S1'],
  ])('go through with their pixels, and are as valid as before: %s', async (caseName, series) => {
    const path = filesOf(caseName, series)[0] as string;
    const input = readFileSync(path);
    const output = deidentifyInstance(input, KEY);
    const before = parseInstance(input);
    const after = parseInstance(output);
    expect(after).toMatchObject({
      sopClassUid: before.sopClassUid,
      transferSyntaxUid: before.transferSyntaxUid,
      frames: before.frames,
      patient: { name: null, birthDate: null, sex: null },
      seriesDescription: null,
    });
    const { sopInstanceUid, studyInstanceUid, seriesInstanceUid, patient } = before;
    for (const identifier of [sopInstanceUid, studyInstanceUid, seriesInstanceUid, patient.id]) {
      if (identifier && identifier !== 'dicom2nifti') expect(output.includes(identifier), identifier).toBe(false);
    }
    expect((await decodeFrame(output, before.numberOfFrames)).pixels).toEqual(
      (await decodeFrame(input, before.numberOfFrames)).pixels,
    );
    if (!hasValidator) return;
    const copy = join(folder, 'copy.dcm');
    writeFileSync(copy, output);
    const known = new Set(errorsOf(path));
    expect(errorsOf(copy).filter((error) => !known.has(error))).toEqual([]);
  });

  function errorsOf(path: string): string[] {
    const { stdout, stderr } = spawnSync('dciodvfy', ['-new', path], { encoding: 'latin1' });
    return `${stdout}\n${stderr}`.split('\n').filter((line) => line.startsWith('Error'));
  }
});
