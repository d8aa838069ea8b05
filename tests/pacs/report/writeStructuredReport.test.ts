import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseModel, readModels } from '../../../src/inference/manifest.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { isOwnResult } from '../../../src/pacs/report/ownResult.js';
import type { StudyReport } from '../../../src/pacs/report/report.js';
import { resultUids } from '../../../src/pacs/report/resultUids.js';
import { ABSTENTION_REASONS, findingSite, labelCode } from '../../../src/pacs/report/vocabulary.js';
import { writeStructuredReport } from '../../../src/pacs/report/writeStructuredReport.js';
import { ineligibleInstance } from '../../../src/pacs/series/seriesRules.js';
import type { AbstentionReason } from '../../../src/wording/abstentions.js';
import { REPOSITORY } from '../../setup/program.js';
import { hasPydicom, runReference } from '../sharedData.js';
import {
  abstained,
  anonymous,
  failed,
  finding,
  frames,
  GLIOMA,
  japanese,
  kindUnsure,
  MENINGIOMA,
  noFinding,
  reportOf,
  SHA256,
  slices,
  sourceOf,
} from './sampleReport.js';
import { dciodvfy, hasDciodvfy, hasDsr, hasPixelMed, render, validateTemplates } from './validators.js';

const folder = mkdtempSync(join(tmpdir(), 'reports-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMPREHENSIVE_3D_SR = '1.2.840.10008.5.1.4.1.1.88.34';
const first = { ...resultUids('finding-1', 1).report, sopClassUid: COMPREHENSIVE_3D_SR };
const unproven = { proven: false, evidence: 'Imported; no archive was asked how many instances there are.' };
const long = labelCode('a_label_that_is_longer_than_sixteen_characters');

const REPORTS: Record<string, StudyReport> = {
  'a finding': reportOf(finding()),
  'no finding': reportOf(noFinding, {
    counts: { answered: 5, abstained: 2, failed: 1 },
    kinds: [GLIOMA, MENINGIOMA],
  }),
  'a finding of unsure kind': reportOf(kindUnsure),
  'an abstention': reportOf(abstained, { completeness: unproven }),
  'a failure': reportOf(failed, { examined: [], counts: { answered: 0, abstained: 0, failed: 8 } }),
  'a second run': reportOf(finding(), { predecessor: first }, 2),
  'frames of one instance': reportOf(finding(frames), { examined: frames }),
  'a Japanese patient': reportOf(finding(), { source: sourceOf(japanese) }),
  'a patient without attributes': reportOf(finding(), { source: sourceOf(anonymous) }),
  'a de-identified patient': reportOf(finding(), { source: sourceOf({ '00120062': ['CS', 'YES'] }) }),
  'a label without a code': reportOf({ ...noFinding, outcome: 'FINDING', label: long } as StudyReport['answer']),
};

type Read = {
  attributes: Record<string, string>;
  content: [depth: number, relationship: string, type: string, concept: string | null, value: string | null][];
  evidence: string[][];
  procedures: string[];
  predecessors: string[][];
};

function write(name: string): string {
  const path = join(folder, `${name.replaceAll(' ', '-')}.dcm`);
  writeFileSync(path, writeStructuredReport(REPORTS[name] as StudyReport));
  return path;
}
const read = (name: string) => runReference<Read>('results.py', [write(name)])[0] as Read;
/** The values of a concept, in order. */
const valuesOf = ({ content }: Read, concept: string) =>
  content.filter(([, , , name]) => name === concept).map(([, , , , value]) => value);

const FINDING = '121071 DCM';
const CERTAINTY = '111012 DCM';
const PRESENCE = '108369006 SCT';
const SUMMARY = '111017 DCM';
const CONCLUSION = '121077 DCM';
const COMMENT = '121106 DCM';
const KEY = '121080 DCM';

describe.each(Object.keys(REPORTS))('the report of %s', (name) => {
  it('is the same bytes whenever it is written', () => {
    const report = REPORTS[name] as StudyReport;
    expect(writeStructuredReport(report)).toEqual(writeStructuredReport(structuredClone(report)));
  });

  it('is recognised as our own, and passed over', () => {
    const instance = parseInstance(writeStructuredReport(REPORTS[name] as StudyReport));
    expect(isOwnResult(instance)).toBe(true);
    expect(ineligibleInstance(instance)).toMatchObject({ code: 'OWN_RESULT' });
  });

  it.skipIf(!hasDciodvfy)('has no error for dciodvfy', () => {
    const said = dciodvfy(write(name));
    expect(said).toContain('Comprehensive3DSR');
    expect(said.filter((line) => line.startsWith('Error'))).toEqual([]);
    // It knows the coding schemes of PS3.16 alone, and a DICOMDIR needs what some sources lack.
    const expected = /99MRIMASTER|needed to build DICOMDIR/;
    expect(said.filter((line) => line.startsWith('Warning') && !expected.test(line))).toEqual([]);
  });

  it.skipIf(!hasDsr)('is shown by DCMTK, with its answer and what it is for', () => {
    const path = write(name);
    for (const shown of [render('dsrdump', ['+Pl', path]), render('dsr2html', ['+U8', path])]) {
      expect(shown).toContain('Finding');
      expect(shown).toContain('Research use only – not for diagnostic use.');
      expect(shown.includes('Certainty of Finding')).toBe('confidence' in (REPORTS[name] as StudyReport).answer);
    }
  });
});

describe.skipIf(!hasPydicom)('what pydicom reads', () => {
  it('tells a finding by code, certainty, place, algorithm and images', () => {
    const report = read('a finding');
    expect(valuesOf(report, FINDING)).toEqual(['393564001 SCT']);
    expect(valuesOf(report, CERTAINTY)).toEqual(['97.3 %', '90.0 %', '92.0 %', '94.0 %', '96.0 %']);
    expect(valuesOf(report, '363698007 SCT')).toEqual(['12738006 SCT']);
    expect(valuesOf(report, PRESENCE)).toEqual(['52101004 SCT']);
    expect(valuesOf(report, SUMMARY)).toEqual(['111242 DCM']);
    expect(valuesOf(report, '121058 DCM')).toEqual(['25056-3 LN']);
    expect(report.procedures).toEqual(['24590-2 LN']);
    expect(valuesOf(report, '111001 DCM')).toEqual(['brain-mri']);
    expect(valuesOf(report, '111003 DCM')).toEqual(['2.0.0']);
    expect(valuesOf(report, '111002 DCM')).toEqual([`SHA-256 of the model: ${SHA256}`]);
    expect(valuesOf(report, '112039 DCM')).toEqual(['finding-1']);
    expect(valuesOf(report, '112040 DCM')).toEqual([resultUids('finding-1', 9).trackingUid]);
    expect(valuesOf(report, KEY)).toEqual(['1.2.3.1.5']);
    const device = ['121012 DCM', '121013 DCM', '121016 DCM'].map((concept) => valuesOf(report, concept)[0]);
    expect(device).toEqual(['2.25.7', 'MRIMASTER', 'installation-1']);
    expect(report.evidence).toEqual(slices.map(({ sopInstanceUid }) => ['1.2.3', '1.2.3.1', sopInstanceUid]));
    expect(report.attributes).toMatchObject({
      SOPClassUID: COMPREHENSIVE_3D_SR,
      Modality: 'SR',
      Manufacturer: 'MRIMaster',
      SoftwareVersions: ['0.1.0', 'brain-mri 2.0.0'],
      CompletionFlag: 'COMPLETE',
      VerificationFlag: 'UNVERIFIED',
      ContentDate: '20260102',
      TimezoneOffsetFromUTC: '+0100',
      ...{ DeviceUID: '2.25.7', DeviceSerialNumber: 'installation-1', StationName: 'MRIMASTER' },
      StudyInstanceUID: '1.2.3',
      ...{ PatientName: 'Doe^Jane', PatientID: 'ID-1', IssuerOfPatientID: 'HOSPITAL', PatientSex: 'F' },
      ...{ AccessionNumber: 'ACC-1', StudyID: '7', StudyTime: '120000', ReferringPhysicianName: 'Referrer^R' },
    });
  });

  it('tells no procedure of a brain where the model did not take the images for one', () => {
    expect(read('no finding').procedures).toEqual(['24590-2 LN']);
    for (const name of ['an abstention', 'a failure']) expect(read(name).procedures).toEqual([]);
  });

  it('places a finding by its label, and what is none within the skull', () => {
    for (const name of ['no finding', 'an abstention', 'a failure', 'a label without a code'])
      expect(valuesOf(read(name), '363698007 SCT')).toEqual(['128319008 SCT']);
  });

  it('says that nothing was found, and that a slice could not be read', () => {
    const report = read('no finding');
    expect(valuesOf(report, FINDING)).toEqual(['no_tumor 99MRIMASTER']);
    expect(valuesOf(report, PRESENCE)).toEqual(['272519000 SCT']);
    expect(valuesOf(report, SUMMARY)).toEqual(['111243 DCM']);
    expect(valuesOf(report, CERTAINTY)[0]).toBe('99.9 %');
    expect(valuesOf(report, CONCLUSION)[0]).toBe(
      'No finding by brain-mri 2.0.0: no tumor. Certainty 99.9 %: calibrated probability, mean over 5 slices. ' +
        'It looked for: Glioma, Intracranial meningioma. It tells nothing of what it was not made to find.',
    );
    expect(valuesOf(report, COMMENT)[0]).toContain('1 could not be read');
  });

  it('says of a finding of unsure kind that it is there, by code, and of which kinds it may be in words alone', () => {
    const report = read('a finding of unsure kind');
    expect(valuesOf(report, FINDING)).toEqual(['108369006 SCT']);
    expect(valuesOf(report, PRESENCE)).toEqual(['52101004 SCT']);
    expect(valuesOf(report, 'ABSTENTION 99MRIMASTER')).toEqual(['KINDS_DISAGREE 99MRIMASTER']);
    expect(valuesOf(report, SUMMARY)).toEqual(['111242 DCM']);
    expect(valuesOf(report, CERTAINTY)).toEqual(['98.9 %', '90.0 %', '92.0 %', '94.0 %', '96.0 %']);
    expect(valuesOf(report, CONCLUSION)[0]).toMatch(
      /^brain-mri 2\.0\.0 finds: Neoplasm, kind not sure: Glioma 55\.0 % or Intracranial meningioma 43\.1 %\./,
    );
    expect(JSON.stringify(report)).not.toMatch(/393564001|302820008/);
  });

  it.each(Object.keys(ABSTENTION_REASONS) as AbstentionReason[])(
    'tells the reason %s by a code of its own',
    (reason) => {
      const path = join(folder, `${reason}.dcm`);
      writeFileSync(path, writeStructuredReport(reportOf({ ...abstained, reason } as StudyReport['answer'])));
      const report = runReference<Read>('results.py', [path])[0] as Read;
      const { code, meaning } = ABSTENTION_REASONS[reason];
      expect(code.length).toBeLessThanOrEqual(16);
      expect(valuesOf(report, 'ABSTENTION 99MRIMASTER')).toEqual([`${code} 99MRIMASTER`]);
      expect(valuesOf(report, CONCLUSION)[0]).toContain(meaning);
      expect(new Set(Object.values(ABSTENTION_REASONS).map((one) => one.meaning)).size).toBe(6);
    },
  );

  it('gives an abstention no code but that, and its reason', () => {
    const report = read('an abstention');
    expect(valuesOf(report, FINDING)).toEqual(['373068000 SCT']);
    expect(valuesOf(report, PRESENCE)).toEqual(['373068000 SCT']);
    expect(valuesOf(report, 'ABSTENTION 99MRIMASTER')).toEqual(['OUT_OF_DISTRIB 99MRIMASTER']);
    expect(valuesOf(report, CERTAINTY)).toEqual([]);
    expect(JSON.stringify(report)).not.toContain('393564001');
    expect(valuesOf(report, CONCLUSION)[0]).toMatch(
      /^No answer: brain-mri 2\.0\.0 abstains\..*not to be relied on.*Glioma/,
    );
    expect(report.attributes.CompletionFlag).toBe('PARTIAL');
  });

  it('states a failure and its code', () => {
    const report = read('a failure');
    expect(valuesOf(report, FINDING)).toEqual(['373121007 SCT']);
    expect(valuesOf(report, SUMMARY)).toEqual(['111245 DCM']);
    expect(valuesOf(report, CONCLUSION)[0]).toContain('UNDECODABLE_PIXELS');
    expect(report.evidence).toEqual([]);
  });

  it('is another instance of the same series after a second run, and names the first', () => {
    const [before, after] = [read('a finding'), read('a second run')];
    expect(after.attributes.SeriesInstanceUID).toBe(before.attributes.SeriesInstanceUID);
    expect(after.predecessors).toEqual([['1.2.3', first.seriesInstanceUid, before.attributes.SOPInstanceUID]]);
    expect(after.attributes.SOPInstanceUID).not.toBe(before.attributes.SOPInstanceUID);
  });

  it('refers to the very frames, and lists their instance once', () => {
    const report = read('frames of one instance');
    expect(report.evidence).toEqual([['1.2.3', '1.2.3.1', '1.2.3.1.1']]);
    expect(valuesOf(report, KEY)).toEqual(['1.2.3.1.1 5']);
    expect(valuesOf(report, '121112 DCM').slice(-1)).toEqual(['1.2.3.1.1 3 4 5 6']);
  });

  it('keeps a name in any character set, and leaves out what its type does not allow', () => {
    expect(read('a Japanese patient').attributes).toMatchObject({
      SpecificCharacterSet: 'ISO_IR 192',
      PatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
    });
    expect(read('a de-identified patient').attributes).toMatchObject({ PatientIdentityRemoved: 'YES' });
    expect(valuesOf(read('a label without a code'), FINDING)).toEqual([
      'a_label_that_is_longer_than_sixteen_characters 99MRIMASTER',
    ]);
    const unknown = {
      PatientName: '',
      PatientID: '',
      PatientBirthDate: '',
      PatientSex: '',
      StudyID: '',
      StudyDate: '',
    };
    expect(read('a patient without attributes').attributes).toMatchObject(unknown);
  });
});

describe.skipIf(!hasPixelMed)('for the validator of PixelMed, the bar of the IHE Connectathon', () => {
  it.each(['a finding', 'a finding of unsure kind', 'no finding', 'an abstention', 'a failure'])(
    'the report of %s is of TID 1500 and has neither error nor warning',
    (name) => {
      const said = validateTemplates(write(name));
      expect(said).toContain('Found Root Template TID_1500 (MeasurementReport)');
      expect(said).toContain('IOD validation complete');
      expect(said.filter((line) => /error|warning/i.test(line))).toEqual([]);
    },
  );
});

it.each([
  ['glioma', '12738006'],
  ['meningioma', '1231004'],
  ['pituitary', '56329008'],
  ['no_tumor', '128319008'],
])('the shipped model’s %s has the site %s', async (label, site) => {
  const { codes } = chooseModel(await readModels(join(REPOSITORY, 'models'))).manifest;
  expect(findingSite(labelCode(label, codes)).code).toBe(site);
});

it('calls what the shipped model learned of the pituitary gland a neoplasm of it, of whatever kind', async () => {
  const { codes } = chooseModel(await readModels(join(REPOSITORY, 'models'))).manifest;
  expect(labelCode('pituitary', codes)).toMatchObject({ scheme: 'SCT', code: '127024001' });
});
