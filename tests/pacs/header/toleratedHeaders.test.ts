import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { parseFile } from '../../../src/pacs/header/parseFile.js';
import { isUid } from '../../../src/pacs/header/uid.js';
import { createDecodePool, FRAME_LIMITS } from '../../../src/pacs/pixels/decodePool.js';
import { chooseSeries } from '../../../src/pacs/series/chooseSeries.js';
import { buildDataSet, buildFile, buildMeta, type Elements, mrElements } from '../buildDicom.js';
import { caseFile, hasCases } from '../sharedData.js';

const parse = (elements: Elements) => parseInstance(buildFile(mrElements(elements)));

describe('what headers really hold is read', () => {
  it.each(['1.2.03.4', '1.02', '00.1', '1.2.840.0010008.1'])('a UID whose component has a leading zero: %s', (uid) => {
    expect(isUid(uid)).toBe(true);
    expect(parse({ '0020000D': ['UI', uid] }).studyInstanceUid).toBe(uid);
  });

  it.each(['1', '1.', '.1', '1..2', '1.2a', '1.2/..', `1.${'2'.repeat(63)}`, ''])(
    'what is no UID stays none: %s',
    (uid) => {
      expect(isUid(uid)).toBe(false);
    },
  );

  it('a file that begins at DICM, without a preamble', () => {
    const file = buildFile(mrElements());
    expect(file.subarray(128, 132).toString()).toBe('DICM');
    expect(parseInstance(file.subarray(128))).toEqual(parseInstance(file));
    const bare = Buffer.concat([buildMeta('1.2.840.10008.1.2.1').subarray(132), buildDataSet(mrElements())]);
    expect(parseInstance(bare)).toEqual(parseInstance(file));
  });

  it.each([
    [{ '00280030': ['DS', '1e300\\1e-300'] }, 1],
    [{ '00280030': ['DS', '1e-300\\1e300'] }, 1],
    [{ '00280034': ['IS', '1e300\\1e-300'] }, 1],
    [{ '00280034': ['IS', '50\\1'] }, 1],
    [{ '00280030': ['DS', '2\\1'] }, 2],
    [{ '00280034': ['IS', '1\\2'] }, 0.5],
  ] as [Elements, number][])('the shape of pixels, with a faulty one as a square: %j', (elements, aspect) => {
    expect(parse(elements).frames[0]?.pixelAspect).toBe(aspect);
  });

  it('NumberOfFrames 0 as one frame', () => {
    const { numberOfFrames, frames } = parse({ '00280008': ['IS', '0'] });
    expect([numberOfFrames, frames.length]).toEqual([1, 1]);
    expect(() => parse({ '00280008': ['IS', '-1'] })).toThrow('NumberOfFrames');
    expect(() => parse({ '00280008': ['IS', '1.5'] })).toThrow('NumberOfFrames');
  });

  it.each([
    ['mr', 'MR'],
    ['Mr ', 'MR'],
    ['', 'MR'],
    ['ct', 'CT'],
  ])('the modality "%s" of an MR image as %s', (stated, read) => {
    expect(parse({ '00080060': ['CS', stated] }).modality).toBe(read);
  });

  it('no modality where the class is no MR image', () => {
    expect(parse({ '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.7'], '00080060': ['CS', ''] }).modality).toBeNull();
  });

  it.each([
    ['0,5', 0.5],
    ['-1,25', -1.25],
    ['1,5E2', 150],
    [',5', 0.5],
    ['0.5', 0.5],
  ])('a decimal comma as the point that it stands for: %s', (text, number) => {
    expect(parse({ '00281053': ['DS', text] }).frames[0]?.rescale?.slope).toBe(number);
    expect(parse({ '00280030': ['DS', `0,75\\${text.replace('-', '')}`] }).frames[0]?.pixelSpacing?.[0]).toBe(0.75);
  });
});

describe('a rescale that is not a number', () => {
  it.each(['abc', '1,2,3', '1.2,3', '0x10 x', '1 2'])('is never taken for another one: %s', (text) => {
    for (const tag of ['00281052', '00281053'])
      expect(parse({ [tag]: ['DS', text] }).frames[0]?.rescale).toEqual({ slope: Number.NaN, intercept: Number.NaN });
  });
});

describe('orientations', () => {
  const axis = (degrees: number, jitter = 0) => {
    const radians = ((degrees + jitter) * Math.PI) / 180;
    return [Math.cos(radians), Math.sin(radians)];
  };
  const series = (cosines: (index: number) => number[], digits: number) =>
    Array.from({ length: 10 }, (_, index) =>
      parse({
        '00080018': ['UI', `1.2.3.4.${index}`],
        '00200013': ['IS', String(index)],
        '00200037': [
          'DS',
          cosines(index)
            .map((value) => value.toFixed(digits))
            .join('\\'),
        ],
        '00200032': ['DS', `0\\0\\${5 * index}`],
      }),
    );

  it.each([2, 3, 6])('rounded to %d digits are one orientation, at any angle', (digits) => {
    for (let degrees = 0; degrees < 180; degrees += 5) {
      const [c, s] = axis(degrees) as [number, number];
      const choice = chooseSeries(series(() => [c, s, 0, -s, c, 0], digits));
      expect({ degrees, eligible: choice.eligible, code: choice.reason.code }).toEqual({
        degrees,
        eligible: true,
        code: 'ANATOMICAL',
      });
      const locations = choice.slices.map(({ location }) => location as number);
      for (const [index, location] of locations.entries()) expect(location).toBeCloseTo(5 * index, 6);
    }
  });

  it('of 45° obliques with jitter are one orientation, in the order of their places', () => {
    for (const sign of [1, -1]) {
      const cosines = (index: number) => {
        const [c, s] = axis(45, index % 2 ? 0.05 : -0.05) as [number, number];
        return [1, 0, 0, 0, c, sign * s];
      };
      const choice = chooseSeries(series(cosines, 6));
      expect(choice).toMatchObject({ eligible: true, orientation: 'OBLIQUE' });
      const numbers = choice.slices.map(({ sopInstanceUid }) => Number(sopInstanceUid.split('.').at(-1)));
      expect([numbers, numbers.toReversed()]).toContainEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  it('that differ are still several', () => {
    const choice = chooseSeries(series((index) => (index % 2 ? [1, 0, 0, 0, 1, 0] : [1, 0, 0, 0, 0, -1]), 6));
    expect(choice).toMatchObject({ eligible: false, reason: { code: 'MIXED_ORIENTATIONS' } });
  });
});

describe.skipIf(!hasCases)('the shared cases', () => {
  it.each([
    'dicom/d12a_frames_zero.dcm',
    'dicom/d14a_uid_zero.dcm',
    'pacs/lowercase-modality.dcm',
    'pacs/no-preamble-DICM-first.dcm',
    'pacs/newline-in-LO.dcm',
  ])('%s is read as an MR slice', (name) => {
    expect(parseInstance(readFileSync(caseFile(name)))).toMatchObject({ modality: 'MR', numberOfFrames: 1 });
  });

  it('d02_comma has the slope that it states', async () => {
    const [frame] = parseInstance(readFileSync(caseFile('dicom/d02_comma.dcm'))).frames;
    expect(frame?.rescale?.slope).toBe(0.5);
    expect(frame?.pixelSpacing).not.toBeNull();
    expect(frame?.imageOrientationPatient).not.toBeNull();
  });

  it('s11_rounded_iop is one series in its order', async () => {
    const folder = caseFile('dicom/s11_rounded_iop');
    const instances = await Promise.all(readdirSync(folder).map((name) => parseFile(join(folder, name))));
    expect(chooseSeries(instances)).toMatchObject({ eligible: true });
  });
});

it('a slice whose slope is not a number fails with its reason', async () => {
  const pool = createDecodePool({ threads: 1, ...FRAME_LIMITS });
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/slope-');
  try {
    const path = join(folder, 'slice.dcm');
    writeFileSync(path, buildFile(mrElements({ '00281053': ['DS', 'abc'] })));
    await expect(pool.readSlice(path, 1)).rejects.toMatchObject({
      code: 'UNDECODABLE_PIXELS',
      message: expect.stringContaining('RescaleSlope or RescaleIntercept is not a number'),
    });
  } finally {
    await pool.close();
    rmSync(folder, { recursive: true });
  }
});
