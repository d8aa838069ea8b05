import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addCaption } from '../../../src/images/caption.js';
import { renderOverlay } from '../../../src/images/renderOverlay.js';
import type { FrameHeader } from '../../../src/pacs/header/frames.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { isOwnResult } from '../../../src/pacs/report/ownResult.js';
import { patientOrientation } from '../../../src/pacs/report/patientOrientation.js';
import type { Reference } from '../../../src/pacs/report/report.js';
import { type Pixels, writeSecondaryCapture } from '../../../src/pacs/report/writeSecondaryCapture.js';
import { hasPydicom, runReference } from '../sharedData.js';
import { frames, japanese, slices, sourceOf, writtenObject } from './sampleReport.js';
import { dciodvfy, hasDciodvfy } from './validators.js';

const folder = mkdtempSync(join(tmpdir(), 'overlays-'));
afterAll(() => rmSync(folder, { recursive: true }));

const size = { rows: 250, columns: 220 };
const grey = Uint8Array.from({ length: 250 * 220 }, (_, index) => index % 251);
const frame = { top: 0, left: 0, height: 250, width: 220 };
const map = { rows: 2, columns: 2, values: Float32Array.of(0, 0.5, 1, 2), frame };
const overlay = addCaption(
  renderOverlay(grey, map, size, 0.6),
  { answer: 'Study: glioma, 92.3 %', isAnswer: true, lines: ['GRAD_CAM of "glioma"', 'brain-mri 2.0.0'] },
  2,
);
const rgb = Uint8Array.from({ length: 3 * 5 * 3 }, (_, index) => index * 5);
const rgba = Uint8Array.from({ length: 3 * 5 * 4 }, (_, i) => (i % 4 === 3 ? 128 : (rgb[i - Math.floor(i / 4)] ?? 0)));
const odd = { width: 3, height: 5 };

const overlayOf = (pixels: Pixels, key = slices[4] as Reference, source = sourceOf()) => ({
  ...writtenObject('overlay', 1, source),
  ...{ pixels, key, description: 'GRAD_CAM of "glioma", layer conv_pw_13, brain-mri 2.0.0' },
  imageOrientationPatient: [1, 0, 0, 0, 1, 0] as const,
});
const lossy = sourceOf({ '00282110': ['CS', '01'], '00282112': ['DS', '12.5\\2'], '00282114': ['CS', 'ISO_10918_1'] });
const OVERLAYS = {
  'an overlay': overlayOf(overlay),
  'an odd number of samples': overlayOf({ ...odd, channels: 3, data: rgb }),
  'pixels with alpha': overlayOf({ ...odd, channels: 4, data: rgba }),
  'a key frame': overlayOf(overlay, frames[4]),
  'a Japanese patient': overlayOf(overlay, slices[4], sourceOf(japanese)),
  'a lossy source': overlayOf(overlay, slices[4], lossy),
};
const SHOWN: Record<keyof typeof OVERLAYS, Uint8Array> = {
  'an overlay': overlay.data,
  'an odd number of samples': rgb,
  'pixels with alpha': rgb,
  'a key frame': overlay.data,
  'a Japanese patient': overlay.data,
  'a lossy source': overlay.data,
};

type Read = {
  attributes: Record<string, string | string[]>;
  source: [string, number | null];
  shape: number[];
  sha256: string;
};

function write(name: keyof typeof OVERLAYS): string {
  const path = join(folder, `${name.replaceAll(' ', '-')}.dcm`);
  writeFileSync(path, writeSecondaryCapture(OVERLAYS[name]));
  return path;
}
const read = (name: keyof typeof OVERLAYS) => runReference<Read>('results.py', [write(name)])[0] as Read;

describe.each(Object.keys(OVERLAYS) as (keyof typeof OVERLAYS)[])('the picture of %s', (name) => {
  it('is the same bytes whenever it is written, and recognised as our own', () => {
    const bytes = writeSecondaryCapture(OVERLAYS[name]);
    expect(writeSecondaryCapture(structuredClone(OVERLAYS[name]))).toEqual(bytes);
    expect(isOwnResult(parseInstance(bytes))).toBe(true);
  });

  it.skipIf(!hasDciodvfy)('has neither error nor warning for dciodvfy', () => {
    const said = dciodvfy(write(name));
    expect(said).toContain('SCImage');
    expect(said.filter((line) => /^(?:Error|Warning)/.test(line))).toEqual([]);
  });

  it.skipIf(!hasPydicom)('has for pydicom the pixels that were given', () => {
    const { shape, sha256 } = read(name);
    const { width, height } = OVERLAYS[name].pixels;
    expect(shape).toEqual([height, width, 3]);
    expect(sha256).toBe(createHash('sha256').update(SHOWN[name]).digest('hex'));
  });
});

describe.skipIf(!hasPydicom)('what pydicom reads', () => {
  it('tells whose it is, what it was made of and what it is for', () => {
    const { attributes, source } = read('an overlay');
    expect(source).toEqual(['1.2.3.1.5', null]);
    expect(attributes).toMatchObject({
      ...{ PatientName: 'Doe^Jane', PatientID: 'ID-1', AccessionNumber: 'ACC-1', StudyInstanceUID: '1.2.3' },
      ...{ Modality: 'OT', Manufacturer: 'MRIMaster', ConversionType: 'WSD', BodyPartExamined: 'HEAD' },
      ...{ ImageType: ['DERIVED', 'SECONDARY'], BurnedInAnnotation: 'YES', LossyImageCompression: '00' },
      ImageComments: 'Research use only – not for diagnostic use.',
      DerivationDescription: 'GRAD_CAM of "glioma", layer conv_pw_13, brain-mri 2.0.0',
      PatientOrientation: ['L', 'P'],
      ...{ DeviceUID: '2.25.7', DeviceSerialNumber: 'installation-1', StationName: 'MRIMASTER' },
      ...{ SoftwareVersions: ['0.1.0', 'brain-mri 2.0.0'], TimezoneOffsetFromUTC: '+0100' },
    });
  });

  it('names the frame of a multi-frame source, the lossy past of the pixels, and any name', () => {
    expect(read('a key frame').source).toEqual(['1.2.3.1.1', 5]);
    const loss = { LossyImageCompression: '01', LossyImageCompressionRatio: ['12.5', '2'] };
    expect(read('a lossy source').attributes).toMatchObject({ ...loss, LossyImageCompressionMethod: 'ISO_10918_1' });
    expect(read('a Japanese patient').attributes.PatientName).toBe('Yamada^Tarou=山田^太郎=やまだ^たろう');
  });
});

it('refuses pixels that do not fill their rectangle', () => {
  const short = { ...odd, channels: 3 as const, data: rgb.subarray(1) };
  expect(() => writeSecondaryCapture(overlayOf(short))).toThrow(RangeError);
});

it.each<[string, FrameHeader['imageOrientationPatient'], string[]]>([
  ['axial', [1, 0, 0, 0, 1, 0], ['L', 'P']],
  ['coronal', [1, 0, 0, 0, 0, -1], ['L', 'F']],
  ['sagittal', [0, 1, 0, 0, 0, -1], ['P', 'F']],
  ['tilted', [1, 0, 0, 0, 0.94, -0.34], ['L', 'PF']],
  ['unknown', null, []],
])('tells a viewer the directions of %s slices', (_, cosines, expected) => {
  expect(patientOrientation(cosines)).toEqual(expected);
});
