import type { DataSet } from 'dicom-parser';
import { readString, readStrings, readText } from '../attributes.js';
import { readHeader } from '../readHeader.js';
import { requireUid } from '../uid.js';

/** By keyword, "" where the source says nothing; text decoded. What an archive files a result under. */
export type SourceHeader = {
  studyInstanceUid: string;
  patientAndStudy: Readonly<Record<string, string>>;
  /** Lossy Image Compression (0028,2110) and what belongs to it: once lossy, an image's derivatives are, too. */
  lossy: Readonly<Record<string, string | string[]>> | null;
};

const DATE = /^\d{8}$/;
const TIME = /^\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?$/;

/** Of the patient and study modules (PS3.3 C.7.1.1, C.7.2.1), type 2 and so always present. */
const TEXTS = {
  PatientName: 'x00100010',
  PatientID: 'x00100020',
  ReferringPhysicianName: 'x00080090',
  StudyID: 'x00200010',
  AccessionNumber: 'x00080050',
};

/** The same; a value that its VR does not allow would have an archive refuse the result. */
const CODED: Record<string, { tag: string; allowed: RegExp }> = {
  PatientBirthDate: { tag: 'x00100030', allowed: DATE },
  PatientSex: { tag: 'x00100040', allowed: /^[MFO]$/ },
  StudyDate: { tag: 'x00080020', allowed: DATE },
  StudyTime: { tag: 'x00080030', allowed: TIME },
};

const OPTIONAL_TEXTS = { IssuerOfPatientID: 'x00100021', StudyDescription: 'x00081030' };

/**
 * What a result copies from an instance of its study, so that it is filed with it. `bytes` may end anywhere behind the
 * header.
 * @throws InvalidDicom.
 */
export function readSourceHeader(bytes: Uint8Array): SourceHeader {
  const { dataSet } = readHeader(bytes);
  const characterSets = readStrings(dataSet, 'x00080005');
  const text = (tag: string) => readText(dataSet, tag, characterSets) ?? '';
  const patientAndStudy: Record<string, string> = {};
  for (const [keyword, tag] of Object.entries(TEXTS)) patientAndStudy[keyword] = text(tag);
  for (const [keyword, { tag, allowed }] of Object.entries(CODED)) {
    const value = readString(dataSet, tag) ?? '';
    patientAndStudy[keyword] = allowed.test(value) ? value : '';
  }
  for (const [keyword, tag] of Object.entries(OPTIONAL_TEXTS)) if (text(tag)) patientAndStudy[keyword] = text(tag);
  if (readString(dataSet, 'x00120062') === 'YES') {
    patientAndStudy.PatientIdentityRemoved = 'YES';
    // Type 1C: a source may code its method in a sequence instead.
    patientAndStudy.DeidentificationMethod = text('x00120063') || 'As that of the source images';
  }
  return {
    studyInstanceUid: requireUid(readString(dataSet, 'x0020000d'), 'StudyInstanceUID'),
    patientAndStudy,
    lossy: readLossy(dataSet),
  };
}

/** PS3.3 C.7.6.1.1.5. */
function readLossy(dataSet: DataSet): SourceHeader['lossy'] {
  if (readString(dataSet, 'x00282110') !== '01') return null;
  const ratios = readStrings(dataSet, 'x00282112').filter((value) => value !== '');
  const methods = readStrings(dataSet, 'x00282114').filter((value) => value !== '');
  return {
    LossyImageCompression: '01',
    ...(ratios.length > 0 && { LossyImageCompressionRatio: ratios }),
    ...(methods.length > 0 && { LossyImageCompressionMethod: methods }),
  };
}
