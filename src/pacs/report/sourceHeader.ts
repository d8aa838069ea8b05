import type { DataSet } from 'dicom-parser';
import { readString, readStrings, readText, readUid } from '../header/attributes.js';
import type { StudyPatient } from '../header/patientIdentity.js';
import { readHeader } from '../header/readHeader.js';
import { requireUid } from '../header/uid.js';

/** By keyword, "" where the source says nothing; text decoded. What an archive files a result under. */
export type SourceHeader = {
  studyInstanceUid: string;
  patientAndStudy: Readonly<Record<string, string>>;
  /** Timezone Offset From UTC (0008,0201), such as "+0200": of every date and time of the source; null where it tells none. */
  timezone: string | null;
  /** Lossy Image Compression (0028,2110) and what belongs to it: once lossy, an image's derivatives are, too. */
  lossy: Readonly<Record<string, string | string[]>> | null;
};

const TIME = /^(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?$/;

/** Of the patient and study modules (PS3.3 C.7.1.1, C.7.2.1), type 2 and so always present. */
const TEXTS = {
  PatientName: 'x00100010',
  PatientID: 'x00100020',
  ReferringPhysicianName: 'x00080090',
  StudyID: 'x00200010',
  AccessionNumber: 'x00080050',
};

/** The same; a value that its VR does not allow would have an archive refuse the result. */
const CODED: Record<string, { tag: string; isAllowed(value: string): boolean }> = {
  PatientBirthDate: { tag: 'x00100030', isAllowed: isDate },
  PatientSex: { tag: 'x00100040', isAllowed: isSex },
  StudyDate: { tag: 'x00080020', isAllowed: isDate },
  StudyTime: { tag: 'x00080030', isAllowed: (value) => TIME.test(value) },
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
  for (const [keyword, tag] of Object.entries(TEXTS)) patientAndStudy[keyword] = allowed(keyword, text(tag));
  for (const [keyword, { tag, isAllowed }] of Object.entries(CODED)) {
    const value = readString(dataSet, tag) ?? '';
    patientAndStudy[keyword] = isAllowed(value) ? value : '';
  }
  for (const [keyword, tag] of Object.entries(OPTIONAL_TEXTS))
    if (text(tag)) patientAndStudy[keyword] = allowed(keyword, text(tag));
  if (readString(dataSet, 'x00120062') === 'YES') {
    patientAndStudy.PatientIdentityRemoved = 'YES';
    // Type 1C: a source may code its method in a sequence instead.
    patientAndStudy.DeidentificationMethod = text('x00120063') || 'As that of the source images';
  }
  return {
    studyInstanceUid: requireUid(readUid(dataSet, 'x0020000d'), 'StudyInstanceUID'),
    patientAndStudy,
    timezone: readTimezone(dataSet),
    lossy: readLossy(dataSet),
  };
}

/**
 * The same header with the patient whose study it is known to be by now: what an archive has corrected since the images
 * came is what it files the result under. What is not known stays empty, and is not taken from the source.
 */
export function withKnownPatient(header: SourceHeader, patient: StudyPatient): SourceHeader {
  const { IssuerOfPatientID: _, ...rest } = header.patientAndStudy;
  const { name, id, issuer, birthDate, sex, accessionNumber } = patient;
  return {
    ...header,
    patientAndStudy: {
      ...rest,
      PatientName: allowed('PatientName', name ?? ''),
      PatientID: id ?? '',
      PatientBirthDate: birthDate !== null && isDate(birthDate) ? birthDate : '',
      PatientSex: sex !== null && isSex(sex) ? sex : '',
      AccessionNumber: accessionNumber ?? '',
      ...(issuer && { IssuerOfPatientID: issuer }),
    },
  };
}

/** Most characters of a value (PS3.5 6.2), of a name in each of its three groups. */
const LONGEST: Record<string, number> = {
  PatientName: 64,
  ReferringPhysicianName: 64,
  StudyDescription: 64,
  StudyID: 16,
};

/**
 * What people read is shortened, and loses characters that a value may not hold, so that an archive takes the result.
 * PatientID, its issuer and AccessionNumber stay as they are, whatever is wrong with them: changed, they are another's.
 */
function allowed(keyword: string, value: string): string {
  const longest = LONGEST[keyword];
  if (longest === undefined) return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const plain = value.replace(/[\0-\x1f\x7f\\]/g, ' ');
  if (!keyword.endsWith('Name')) return [...plain].slice(0, longest).join('').trim();
  const groups = plain.split('=').slice(0, 3);
  return groups.map((group) => [...group].slice(0, longest).join('').trim()).join('=');
}

/** PS3.5 6.2, DA: a day of the calendar, so that 00000000 is none. */
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

/** PS3.3 C.12.1.1.8: "&ZZXX", from -1200 to +1400; -0000 is none. */
function readTimezone(dataSet: DataSet): string | null {
  const value = readString(dataSet, 'x00080201') ?? '';
  const [, sign, hours, minutes] = /^([+-])(\d{2})([0-5]\d)$/.exec(value) ?? [];
  const distance = Number(hours) * 60 + Number(minutes);
  return value !== '-0000' && distance <= (sign === '+' ? 14 : 12) * 60 ? value : null;
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
