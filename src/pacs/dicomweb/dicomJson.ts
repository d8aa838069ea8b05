import { PacsBadAnswer, PacsWrongStudy } from '../../errors/errors.js';
import { isUid } from '../header/uid.js';
import type { InstanceFound, SeriesFound, StudyFound } from '../query/searchResults.js';

/** A data set in DICOM JSON (PS3.18 F.2): attributes by tag, "0020000D", each with its VR and values. */
export type DicomJson = Record<string, { vr?: string; Value?: unknown[] } | undefined>;

/** QIDO-RS attributes to ask for in addition to those that every archive must return. */
export const STUDY_FIELDS = ['00081030', '00080061', '00100021', '00201206', '00201208'];
export const SERIES_FIELDS = ['0008103E', '00201209'];
export const INSTANCE_FIELDS = ['00280008'];

/** Reads a study-level match. @throws PacsBadAnswer without a valid UID. */
export function readStudy(json: DicomJson): StudyFound {
  return {
    studyInstanceUid: uid(json, '0020000D'),
    studyDate: text(json, '00080020'),
    studyDescription: text(json, '00081030'),
    accessionNumber: text(json, '00080050'),
    modalities: (json['00080061']?.Value ?? []).filter((value) => typeof value === 'string'),
    patient: {
      name: personName(json, '00100010'),
      id: text(json, '00100020'),
      issuer: text(json, '00100021'),
      birthDate: text(json, '00100030'),
      sex: text(json, '00100040'),
    },
    numberOfSeries: count(json, '00201206'),
    numberOfInstances: count(json, '00201208'),
  };
}

/**
 * Reads a series-level match. @throws PacsWrongStudy where it is of another study, PacsBadAnswer without a valid UID.
 */
export function readSeries(json: DicomJson, studyInstanceUid: string): SeriesFound {
  requireSameUid(json, '0020000D', studyInstanceUid);
  return {
    studyInstanceUid,
    seriesInstanceUid: uid(json, '0020000E'),
    modality: text(json, '00080060'),
    seriesDescription: text(json, '0008103E'),
    seriesNumber: count(json, '00200011'),
    numberOfInstances: count(json, '00201209'),
  };
}

/**
 * Reads an instance-level match. @throws PacsWrongStudy where it is of another study or series, PacsBadAnswer without a
 * valid UID.
 */
export function readInstance(json: DicomJson, studyInstanceUid: string, seriesInstanceUid: string): InstanceFound {
  requireSameUid(json, '0020000D', studyInstanceUid);
  requireSameUid(json, '0020000E', seriesInstanceUid);
  return {
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid: uid(json, '00080018'),
    sopClassUid: text(json, '00080016'),
    instanceNumber: count(json, '00200013'),
    numberOfFrames: count(json, '00280008'),
  };
}

/** The matches of a search. @throws PacsBadAnswer unless `json` is an array of objects. */
export function readResults(json: unknown): DicomJson[] {
  if (!Array.isArray(json) || !json.every((item) => typeof item === 'object' && item !== null)) {
    throw new PacsBadAnswer('The archive answered a search with something other than DICOM JSON. Check its address.');
  }
  return json as DicomJson[];
}

/** The only value of a UI attribute, valid apart from trailing padding; see readUid in header/attributes.ts. */
function uid(json: DicomJson, tag: string): string {
  const [value, ...others] = json[tag]?.Value ?? [];
  const text = typeof value === 'string' && others.length === 0 ? value.replace(/[\0 ]+$/, '') : '';
  if (!isUid(text)) {
    throw new PacsBadAnswer(`The archive found something without a valid UID (${tag}). Look at the archive's log.`);
  }
  return text;
}

/** Checks a UID of the query in its match. An archive need not repeat the UID, but must not return another one. */
function requireSameUid(json: DicomJson, tag: string, asked: string): void {
  if (!json[tag]?.Value?.length || uid(json, tag) === asked) return;
  throw new PacsWrongStudy(
    'The archive answered a search with another study or series than was asked for. See its log.',
  );
}

/** Text without padding (PS3.5 6.2). All else stays, apart from NUL, which PostgreSQL cannot store. */
function text(json: DicomJson, tag: string): string | null {
  const values = json[tag]?.Value ?? [];
  return values.every((value) => typeof value === 'string') ? withoutPadding(values.join('\\')) : null;
}

/** A person's name (PS3.18 F.2.2): its representations, up to three, joined as in PN. */
function personName(json: DicomJson, tag: string): string | null {
  const [name] = json[tag]?.Value ?? [];
  if (typeof name === 'string') return withoutPadding(name);
  const { Alphabetic, Ideographic, Phonetic } = (name ?? {}) as Record<string, unknown>;
  const groups = [Alphabetic, Ideographic, Phonetic].map((group) => (typeof group === 'string' ? group.trim() : ''));
  return withoutPadding(groups.join('=').replace(/=+$/, ''));
}

function withoutPadding(text: string): string | null {
  return text.replace(/^ +|[\0 ]+$/g, '').replaceAll('\0', '\u2400') || null;
}

function count(json: DicomJson, tag: string): number | null {
  const value = json[tag]?.Value?.[0];
  const number = typeof value === 'string' && value !== '' ? Number(value) : value; // IS may be a string or a number
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}
