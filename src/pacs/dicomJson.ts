import { PacsBadAnswer } from '../errors.js';
import { isUid } from './uid.js';

/** PS3.18 F.2: attributes by tag, "0020000D", each with its value representation and values. */
export type DicomJson = Record<string, { vr?: string; Value?: unknown[] } | undefined>;

/** A study as QIDO-RS finds it (PS3.18 10.6.3.3); what the archive does not tell is null. */
export type StudyFound = {
  studyInstanceUid: string;
  studyDate: string | null;
  studyDescription: string | null;
  accessionNumber: string | null;
  modalities: readonly string[];
  patient: { name: string | null; id: string | null; birthDate: string | null; sex: string | null };
  numberOfSeries: number | null;
  numberOfInstances: number | null;
};

export type SeriesFound = {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  modality: string | null;
  seriesDescription: string | null;
  seriesNumber: number | null;
  numberOfInstances: number | null;
};

export type InstanceFound = {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  sopClassUid: string | null;
  instanceNumber: number | null;
  numberOfFrames: number | null;
};

/** The QIDO-RS attributes to ask for beyond those that every archive must return. */
export const STUDY_FIELDS = ['00081030', '00080061', '00201206', '00201208'];
export const SERIES_FIELDS = ['0008103E', '00201209'];
export const INSTANCE_FIELDS = ['00280008'];

export function readStudy(json: DicomJson): StudyFound {
  return {
    studyInstanceUid: uid(json, '0020000D'),
    studyDate: text(json, '00080020'),
    studyDescription: text(json, '00081030'),
    accessionNumber: text(json, '00080050'),
    modalities: (json['00080061']?.Value ?? []).filter((value) => typeof value === 'string'),
    patient: {
      name: text(json, '00100010'),
      id: text(json, '00100020'),
      birthDate: text(json, '00100030'),
      sex: text(json, '00100040'),
    },
    numberOfSeries: count(json, '00201206'),
    numberOfInstances: count(json, '00201208'),
  };
}

export function readSeries(json: DicomJson, studyInstanceUid: string): SeriesFound {
  return {
    studyInstanceUid,
    seriesInstanceUid: uid(json, '0020000E'),
    modality: text(json, '00080060'),
    seriesDescription: text(json, '0008103E'),
    seriesNumber: count(json, '00200011'),
    numberOfInstances: count(json, '00201209'),
  };
}

export function readInstance(json: DicomJson, studyInstanceUid: string, seriesInstanceUid: string): InstanceFound {
  return {
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid: uid(json, '00080018'),
    sopClassUid: text(json, '00080016'),
    instanceNumber: count(json, '00200013'),
    numberOfFrames: count(json, '00280008'),
  };
}

/** The results of a search; @throws PacsBadAnswer unless it is an array of objects. */
export function readResults(json: unknown): DicomJson[] {
  if (!Array.isArray(json) || !json.every((item) => typeof item === 'object' && item !== null)) {
    throw new PacsBadAnswer('The archive answered a search with something other than DICOM JSON. Check its address.');
  }
  return json as DicomJson[];
}

function uid(json: DicomJson, tag: string): string {
  const value = text(json, tag);
  if (value === null || !isUid(value)) {
    throw new PacsBadAnswer(`The archive found something without a valid UID (${tag}). Look at the archive's log.`);
  }
  return value;
}

function text(json: DicomJson, tag: string): string | null {
  const value = json[tag]?.Value?.[0];
  if (typeof value === 'string') return value.trim() || null;
  // PS3.18 F.2.2: a person's name comes as one object of up to three representations.
  const name = (value as { Alphabetic?: unknown; Ideographic?: unknown } | undefined) ?? {};
  const shown = name.Alphabetic ?? name.Ideographic;
  return typeof shown === 'string' ? shown.trim() || null : null;
}

function count(json: DicomJson, tag: string): number | null {
  const value = json[tag]?.Value?.[0];
  const number = typeof value === 'string' && value !== '' ? Number(value) : value; // IS may be either
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}
