import type { Reference, ReportedAnswer, StudyReport } from '../../../src/pacs/report/report.js';
import { resultUids } from '../../../src/pacs/report/resultUids.js';
import { readSourceHeader } from '../../../src/pacs/report/sourceHeader.js';
import { labelCode, NEOPLASM } from '../../../src/pacs/report/vocabulary.js';
import { buildFile, type Elements, mrElements } from '../buildDicom.js';

const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4';
const ENHANCED_MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4.1';
export const GLIOMA = { scheme: 'SCT', code: '393564001', meaning: 'Glioma' };

/** Slices 1–8 of a series: one instance each, and as frames of one instance. */
export const slices = Array.from({ length: 8 }, (_, index) => ({
  sopClassUid: MR_IMAGE,
  sopInstanceUid: `1.2.3.1.${index + 1}`,
  seriesInstanceUid: '1.2.3.1',
}));
export const frames = slices.map((slice, index) => ({
  ...slice,
  sopClassUid: ENHANCED_MR_IMAGE,
  sopInstanceUid: '1.2.3.1.1',
  frameNumber: index + 1,
}));

/** The header of an image whose patient and study are known, unless `elements` says otherwise. */
export function sourceOf(elements: Elements = {}) {
  const known: Elements = {
    '00080020': ['DA', '20260101'],
    '00080030': ['TM', '120000'],
    '00080050': ['SH', 'ACC-1'],
    '00080090': ['PN', 'Referrer^R'],
    '00081030': ['LO', 'Brain'],
    '00100010': ['PN', 'Doe^Jane'],
    '00100020': ['LO', 'ID-1'],
    '00100021': ['LO', 'HOSPITAL'],
    '00100030': ['DA', '19700131'],
    '00100040': ['CS', 'F'],
    '00200010': ['SH', '7'],
  };
  return readSourceHeader(buildFile(mrElements({ ...known, ...elements })));
}

/** PS3.5 H.3.1. */
export const japanese: Elements = {
  '00080005': ['CS', '\\ISO 2022 IR 87'],
  '00100010': ['PN', 'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B'],
};

const nothingKnown = ['00080020', '00080030', '00080050', '00080090', '00081030', '00100010', '00100020'];
export const anonymous: Elements = Object.fromEntries([
  ...nothingKnown.map((tag) => [tag, ['LO', '']]),
  ['00100021', ['LO', '']],
  ['00100030', ['DA', 'unknown ']], // not as its VR demands
  ['00100040', ['CS', 'female']],
  ['00200010', ['SH', '']],
]);

const run = (references: readonly Reference[]) =>
  references.map((reference, index) => ({ reference, confidence: 0.9 + index / 50 }));

export const finding = (of: readonly Reference[] = slices): ReportedAnswer => ({
  outcome: 'FINDING',
  label: GLIOMA,
  confidence: 0.9737,
  key: of[4] as Reference,
  slices: run(of.slice(2, 6)),
});
export const noFinding: ReportedAnswer = {
  outcome: 'NO_FINDING',
  label: labelCode('no_tumor', { glioma: GLIOMA }),
  confidence: 0.9999,
  key: slices[4] as Reference,
  slices: run(slices.slice(0, 5)),
};
export const MENINGIOMA = { scheme: 'SCT', code: '302820008', meaning: 'Intracranial meningioma' };
export const kindUnsure: ReportedAnswer = {
  outcome: 'KIND_UNSURE',
  kinds: [
    { label: GLIOMA, probability: 0.5509 },
    { label: MENINGIOMA, probability: 0.4319 },
  ],
  confidence: 0.9899,
  key: slices[4] as Reference,
  slices: run(slices.slice(2, 6)),
};
export const abstained: ReportedAnswer = {
  outcome: 'ABSTAINED',
  reason: 'OUT_OF_DISTRIBUTION',
  guess: GLIOMA,
  key: slices[4] as Reference,
};
export const failed: ReportedAnswer = { outcome: 'FAILED', failureCode: 'UNDECODABLE_PIXELS' };

export const SHA256 = '7'.repeat(64);

/** What all written objects need; `revision` from 1. */
export function writtenObject(object: 'report' | 'overlay', revision = 1, source = sourceOf()) {
  return {
    ...resultUids('finding-1', revision)[object],
    seriesNumber: 9001,
    instanceNumber: revision,
    written: { date: '20260102', time: '030405', offset: '+0100' },
    source,
    device: { uid: '2.25.7', name: 'MRIMASTER', serialNumber: 'installation-1', softwareVersion: '0.1.0' },
    algorithm: { name: 'brain-mri', version: '2.0.0', sha256: SHA256 },
  };
}

export function reportOf(answer: ReportedAnswer, changes: Partial<StudyReport> = {}, revision = 1): StudyReport {
  return {
    ...writtenObject('report', revision),
    tracking: { uid: resultUids('finding-1', revision).trackingUid, identifier: 'finding-1' },
    lookedFor: NEOPLASM,
    answer,
    examined: slices,
    counts: { answered: 6, abstained: 2, failed: 0 },
    completeness: { proven: true, evidence: 'The archive has as many instances as are here.' },
    predecessor: null,
    ...changes,
  };
}
