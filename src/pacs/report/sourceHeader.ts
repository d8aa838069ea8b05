import type { DataSet } from 'dicom-parser';
import { readString, readStrings, readText, readUid } from '../header/attributes.js';
import type { StudyPatient } from '../header/patientIdentity.js';
import { readHeader } from '../header/readHeader.js';
import { requireUid } from '../header/uid.js';

/**
 * What a result copies from its source, so that an archive files it with the same patient and study. Values are by
 * DICOM keyword, decoded, and "" where the source has none.
 */
export type SourceHeader = {
  studyInstanceUid: string;
  patientAndStudy: Readonly<Record<string, string>>;
  /**
   * Timezone Offset From UTC (0008,0201), such as "+0200". It applies to every date and time of the source; null where
   * absent.
   */
  timezone: string | null;
  /**
   * Lossy Image Compression (0028,2110) with its ratios and methods. Images derived from a lossy image are lossy as
   * well. Null for a lossless source.
   */
  lossy: Readonly<Record<string, string | string[]>> | null;
};

const TIME = /^(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?$/;

/**
 * Attributes of the patient and study modules (PS3.3 C.7.1.1, C.7.2.1). They are of type 2, so a result always has
 * them.
 */
const TEXTS = {
  PatientName: 'x00100010',
  PatientID: 'x00100020',
  ReferringPhysicianName: 'x00080090',
  StudyID: 'x00200010',
  AccessionNumber: 'x00080050',
};

/**
 * Attributes of the same modules whose values are checked: an archive would refuse a result with a value that its VR
 * does not allow.
 */
const CODED: Record<string, { tag: string; isAllowed(value: string): boolean }> = {
  PatientBirthDate: { tag: 'x00100030', isAllowed: isDate },
  PatientSex: { tag: 'x00100040', isAllowed: isSex },
  StudyDate: { tag: 'x00080020', isAllowed: isDate },
  StudyTime: { tag: 'x00080030', isAllowed: (value) => TIME.test(value) },
};

const OPTIONAL_TEXTS = { IssuerOfPatientID: 'x00100021', StudyDescription: 'x00081030' };

/** Reads what a result copies from an instance of its study. `bytes` may end anywhere behind the header. */
export function readSourceHeader(bytes: Uint8Array): SourceHeader {
  const { dataSet } = readHeader(bytes);
  const characterSets = readStrings(dataSet, 'x00080005');
  const text = (tag: string) => readText(dataSet, tag, characterSets) ?? '';
  const patientAndStudy: Record<string, string> = {};
  for (const [keyword, tag] of Object.entries(TEXTS)) patientAndStudy[keyword] = withinLimits(keyword, text(tag));
  for (const [keyword, { tag, isAllowed }] of Object.entries(CODED)) {
    const value = readString(dataSet, tag) ?? '';
    patientAndStudy[keyword] = isAllowed(value) ? value : '';
  }
  for (const [keyword, tag] of Object.entries(OPTIONAL_TEXTS))
    if (text(tag)) patientAndStudy[keyword] = withinLimits(keyword, text(tag));
  if (readString(dataSet, 'x00120062') === 'YES') {
    patientAndStudy.PatientIdentityRemoved = 'YES';
    // PatientIdentityRemoved requires a method (type 1C), but a source may give it as a coded sequence instead.
    const method = withinLimits('DeidentificationMethod', text('x00120063'));
    patientAndStudy.DeidentificationMethod = method || 'As that of the source images';
  }
  return {
    studyInstanceUid: requireUid(readUid(dataSet, 'x0020000d'), 'StudyInstanceUID'),
    patientAndStudy,
    timezone: readTimezone(dataSet),
    lossy: readLossy(dataSet),
  };
}

/**
 * `header` with the patient and accession number that the study is known to have by now. An archive that corrected them
 * since the images came files the result under the corrected values.
 * Unknown values become empty. They are not taken from the source, which may name another patient.
 */
export function withKnownPatient(header: SourceHeader, patient: StudyPatient): SourceHeader {
  const { IssuerOfPatientID: _, ...rest } = header.patientAndStudy;
  const { name, id, issuer, birthDate, sex, accessionNumber } = patient;
  return {
    ...header,
    patientAndStudy: {
      ...rest,
      PatientName: withinLimits('PatientName', name ?? ''),
      PatientID: id ?? '',
      PatientBirthDate: birthDate !== null && isDate(birthDate) ? birthDate : '',
      PatientSex: sex !== null && isSex(sex) ? sex : '',
      AccessionNumber: accessionNumber ?? '',
      ...(issuer && { IssuerOfPatientID: issuer }),
    },
  };
}

/** Largest number of characters of a value (PS3.5 6.2). For a name: of each of its three component groups. */
const LONGEST: Record<string, number> = {
  DeidentificationMethod: 64,
  PatientName: 64,
  ReferringPhysicianName: 64,
  StudyDescription: 64,
  StudyID: 16,
};

/**
 * `value` without the characters that its VR forbids, shortened to its longest length, so that an archive takes the
 * result.
 * PatientID, its issuer and AccessionNumber stay as they are even where they are wrong: a changed identifier could be
 * another patient's.
 */
function withinLimits(keyword: string, value: string): string {
  const longest = LONGEST[keyword];
  if (longest === undefined) return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const plain = value.replace(/[\0-\x1f\x7f\\]/g, ' ');
  if (!keyword.endsWith('Name')) return [...plain].slice(0, longest).join('').trim();
  const [alphabetic = '', ...others] = plain
    .split('=')
    .slice(0, 3)
    .map((group) => shortenGroup(group, longest));
  const name = [alphabetic, ...others].join('=');
  // Validators, and archives that follow them, take 64 characters for the limit of all groups together.
  return [...name].length <= longest ? name : alphabetic;
}

/** A component group of a name: at most five components (PS3.5 6.2.1), further ones joined to the last. */
function shortenGroup(group: string, longest: number): string {
  const components = group.split('^');
  const allowed = [...components.slice(0, 4), components.slice(4).join(' ')].slice(0, Math.min(5, components.length));
  return [...allowed.join('^')].slice(0, longest).join('').trim();
}

/** Whether `value` is a DA (PS3.5 6.2) that exists in the calendar; 00000000 does not. */
function isDate(value: string): boolean {
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(value)?.slice(1).map(Number);
  if (!parts) return false;
  const [year, month, day] = parts as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isSex(value: string): boolean {
  return /^[MFO]$/.test(value);
}

/**
 * Timezone Offset From UTC (PS3.3 C.12.1.1.8): "&ZZXX" from -1200 to +1400. The value -0000 is not allowed and counts
 * as absent.
 */
function readTimezone(dataSet: DataSet): string | null {
  const value = readString(dataSet, 'x00080201') ?? '';
  const [, sign, hours, minutes] = /^([+-])(\d{2})([0-5]\d)$/.exec(value) ?? [];
  const distance = Number(hours) * 60 + Number(minutes);
  return value !== '-0000' && distance <= (sign === '+' ? 14 : 12) * 60 ? value : null;
}

/** Lossy Image Compression with its ratios and methods (PS3.3 C.7.6.1.1.5). */
function readLossy(dataSet: DataSet): SourceHeader['lossy'] {
  if (readString(dataSet, 'x00282110') !== '01') return null;
  const ratios = allIfValid(readStrings(dataSet, 'x00282112'), /^[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?$/);
  const methods = allIfValid(readStrings(dataSet, 'x00282114'), /^[A-Z0-9_ ]{1,16}$/);
  return {
    LossyImageCompression: '01',
    ...(ratios.length > 0 && { LossyImageCompressionRatio: ratios }),
    ...(methods.length > 0 && { LossyImageCompressionMethod: methods }),
  };
}

/** The values that are not empty; none where one of them, or its length (16 for DS and CS), is not what its VR allows. */
function allIfValid(values: readonly string[], form: RegExp): string[] {
  const given = values.filter((value) => value !== '');
  return given.every((value) => value.length <= 16 && form.test(value)) ? given : [];
}
