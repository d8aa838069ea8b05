import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSourceHeader } from '../../../src/pacs/report/sourceHeader.js';
import { writeSecondaryCapture } from '../../../src/pacs/report/writeSecondaryCapture.js';
import { writeStructuredReport } from '../../../src/pacs/report/writeStructuredReport.js';
import type { Elements } from '../buildDicom.js';
import { caseFile, filesOf, hasCases, hasStudies, studies } from '../sharedData.js';
import { finding, reportOf, slices, sourceOf, writtenObject } from './sampleReport.js';
import { dciodvfy, hasDciodvfy } from './validators.js';

const folder = mkdtempSync(join(tmpdir(), 'faulty-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LONG = 'x'.repeat(200);
/** Values that real headers hold and their VR forbids (PS3.5 6.2), by attribute. */
const FAULTY: Record<string, [vr: string, values: string[]]> = {
  '00080020': ['DA', ['00000000', '2026.01.31', '20260231', '2026', 'today', '20260101-20260102']],
  '00080030': ['TM', ['999999', '12:30:00', '24', '1', '120000.1234567', 'noon']],
  '00080090': ['PN', [LONG, `${LONG}=${LONG}=${LONG}=${LONG}`, 'a\\b', 'a\nb\tc', 'a^b^c^d^e^f^g', '====']],
  '00081030': ['LO', [LONG, 'a\\b', 'two\r\nlines', '\x1b(B', ' ']],
  '00100010': ['PN', [LONG, `Doe^${LONG}`, 'a\\b', 'line\nfeed', 'a^b^c^d^e^f^g', '^^^^', '=', '\t']],
  '00100030': ['DA', ['00000000', '0000', '19700231', '1970-01-31', '31.01.1970', 'unknown', '99999999']],
  '00100040': ['CS', ['female', 'm', 'X', 'MALE', '1', 'M\\F', LONG]],
  '00200010': ['SH', [LONG, 'a\\b', 'a\nb', '12345678901234567']],
  '00120062': ['CS', ['yes', 'YES', 'NO', LONG]],
  '00120063': ['LO', [LONG, 'a\nb', 'a\\b']],
  '00080201': ['SH', ['+99', '-0000', 'CET', '+2500', LONG]],
  '00282110': ['CS', ['1', '01', '00', 'yes']],
};
const LOSSY: Elements[] = [
  { '00282110': ['CS', '01'], '00282112': ['DS', 'abc'], '00282114': ['CS', 'ISO_10918_1'] },
  { '00282110': ['CS', '01'], '00282112': ['DS', '10,5'], '00282114': ['CS', 'iso_10918_1'] },
  { '00282110': ['CS', '01'], '00282112': ['DS', `1${'0'.repeat(30)}`], '00282114': ['CS', LONG] },
  { '00282110': ['CS', '01'], '00282112': ['DS', '10\\x\\5'], '00282114': ['CS', 'ISO_10918_1\\?'] },
];

const faulty: [string, Elements][] = [
  ...Object.entries(FAULTY).flatMap(([tag, [vr, values]]) =>
    values.map((value): [string, Elements] => [
      `${tag} ${JSON.stringify(value.length > 40 ? `${value.slice(0, 12)}… of ${value.length}` : value)}`,
      { ...(tag === '00120063' && { '00120062': ['CS', 'YES'] }), [tag]: [vr, value] },
    ]),
  ),
  ...LOSSY.map((elements, index): [string, Elements] => [`lossy compression ${index + 1}`, elements]),
];

const errorsIn = (bytes: Uint8Array) => {
  const path = join(folder, 'result.dcm');
  writeFileSync(path, bytes);
  return dciodvfy(path).filter((line) => line.startsWith('Error'));
};
function errorsOf(source: ReturnType<typeof sourceOf>): string[] {
  const pixels = { width: 8, height: 8, channels: 3 as const, data: new Uint8Array(192) };
  const [key] = slices;
  if (!key) throw new Error('no slice');
  const overlay = {
    ...writtenObject('overlay', 1, source),
    pixels,
    description: 'how',
    key,
    imageOrientationPatient: null,
  };
  const report = { ...reportOf(finding()), source };
  return [...errorsIn(writeStructuredReport(report)), ...errorsIn(writeSecondaryCapture(overlay))];
}

describe.skipIf(!hasDciodvfy)('what is written of a source with a faulty header has no error', () => {
  it.each(faulty)('%s', (_, elements) => {
    expect(errorsOf(sourceOf(elements))).toEqual([]);
  });

  it('all of them at once', () => {
    const worst = Object.entries(FAULTY).map(([tag, [vr, values]]): [string, [string, string]] => [
      tag,
      [vr, values[0] ?? ''],
    ]);
    expect(errorsOf(sourceOf(Object.fromEntries(worst)))).toEqual([]);
  });

  it.skipIf(!hasCases).each(['pacs/bad-birthdate.dcm', 'dicom/long_patient_name/1.dcm', 'pacs/newline-in-LO.dcm'])(
    '%s',
    (name) => {
      expect(errorsOf(readSourceHeader(readFileSync(caseFile(name))))).toEqual([]);
    },
  );

  it.skipIf(!hasStudies)('every real series of the shared data', () => {
    const firsts = readdirSync(studies)
      .filter((name) => name !== 'masks' && statSync(join(studies, name)).isDirectory())
      .flatMap((name) => readdirSync(join(studies, name)).map((series) => filesOf(name, series)[0] as string));
    expect(firsts.length).toBeGreaterThan(10);
    const errors = firsts.flatMap((path) =>
      errorsOf(readSourceHeader(readFileSync(path))).map((error) => `${path}: ${error}`),
    );
    expect(errors).toEqual([]);
  });
});
