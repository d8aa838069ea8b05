import type { DataSet } from 'dicom-parser';
import { PacsWrongStudy } from '../../errors/errors.js';
import { readInteger, readName, readString, readStrings, readText, readUid } from '../header/attributes.js';
import { readDataSet } from '../header/readHeader.js';
import { EXPLICIT_LITTLE_ENDIAN } from '../header/transferSyntax.js';
import type { InstanceFound, SeriesFound, StudyFound } from '../query/searchResults.js';
import type { StudyQuery } from '../query/studyQuery.js';
import { encodeElement } from '../write/encodeElement.js';

/**
 * An identifier (PS3.4 C.2.2.1): attributes by tag, "0020000D", with VR and value. An empty value asks the archive to
 * return the attribute.
 */
export type Identifier = Record<string, readonly [vr: string, value: string]>;

/**
 * Specific Character Set, where a value needs it (PS3.4 C.2.2.2). Some archives refuse a character set that they do not
 * know.
 */
function characterSet(...values: (string | undefined)[]): Identifier {
  return values.every((value) => /^[\x20-\x7e]*$/.test(value ?? '')) ? {} : { '00080005': ['CS', 'ISO_IR 192'] };
}

/** The identifier of a C-FIND at study level. */
export function studyIdentifier(query: Omit<StudyQuery, 'limit' | 'offset'>): Identifier {
  return {
    ...characterSet(query.patientName, query.patientId, query.accessionNumber),
    '00080020': ['DA', query.studyDate ?? ''],
    '00080050': ['SH', query.accessionNumber ?? ''],
    '00080052': ['CS', 'STUDY'],
    '00080061': ['CS', query.modalitiesInStudy ?? ''],
    '00081030': ['LO', ''],
    '00100010': ['PN', query.patientName ?? ''],
    '00100020': ['LO', query.patientId ?? ''],
    '00100021': ['LO', ''],
    '00100030': ['DA', ''],
    '00100040': ['CS', ''],
    '0020000D': ['UI', query.studyInstanceUid ?? ''],
    '00201206': ['IS', ''],
    '00201208': ['IS', ''],
  };
}

/** The identifier of a C-FIND at series level. */
export function seriesIdentifier(studyInstanceUid: string): Identifier {
  return {
    '00080052': ['CS', 'SERIES'],
    '00080060': ['CS', ''],
    '0008103E': ['LO', ''],
    '0020000D': ['UI', studyInstanceUid],
    '0020000E': ['UI', ''],
    '00200011': ['IS', ''],
    '00201209': ['IS', ''],
  };
}

/** The identifier of a C-FIND at instance level. */
export function instanceIdentifier(studyInstanceUid: string, seriesInstanceUid: string): Identifier {
  return {
    '00080016': ['UI', ''],
    '00080018': ['UI', ''],
    '00080052': ['CS', 'IMAGE'],
    '0020000D': ['UI', studyInstanceUid],
    '0020000E': ['UI', seriesInstanceUid],
    '00200013': ['IS', ''],
    '00280008': ['IS', ''],
  };
}

/** The identifier of a C-MOVE or C-GET of a study (PS3.4 C.4.2.1.4). */
export function retrieveIdentifier(studyInstanceUid: string): Identifier {
  return { '00080052': ['CS', 'STUDY'], '0020000D': ['UI', studyInstanceUid] };
}

/** Encodes an identifier in Implicit or Explicit VR Little Endian, with rising tags. */
export function writeIdentifier(identifier: Identifier, transferSyntax: string): Buffer {
  const encoding = { explicit: transferSyntax === EXPLICIT_LITTLE_ENDIAN, bigEndian: false };
  const elements = Object.entries(identifier).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    elements.map(([tag, [vr, value]]) => {
      // One character for each byte, so that encodeElement pads it as text.
      const bytes = Buffer.from(value, 'utf8').toString('latin1');
      return encodeElement(Number.parseInt(tag, 16), vr, bytes, encoding);
    }),
  );
}

/** Reads an identifier. @throws InvalidDicom. */
export function readIdentifier(bytes: Uint8Array, transferSyntax: string): DataSet {
  return readDataSet(bytes, transferSyntax);
}

/** Reads a C-FIND match at study level. Its UID is empty where the archive gave none. */
export function readStudyAnswer(dataSet: DataSet): StudyFound {
  const text = (tag: string) => readText(dataSet, tag, readStrings(dataSet, 'x00080005'));
  return {
    studyInstanceUid: readUid(dataSet, 'x0020000d') ?? '',
    studyDate: readString(dataSet, 'x00080020'),
    studyDescription: text('x00081030'),
    accessionNumber: text('x00080050'),
    modalities: readStrings(dataSet, 'x00080061'),
    patient: {
      name: readName(dataSet, 'x00100010', readStrings(dataSet, 'x00080005')),
      id: text('x00100020'),
      issuer: text('x00100021'),
      birthDate: readString(dataSet, 'x00100030'),
      sex: readString(dataSet, 'x00100040'),
    },
    numberOfSeries: readInteger(dataSet, 'x00201206'),
    numberOfInstances: readInteger(dataSet, 'x00201208'),
  };
}

/** Reads a C-FIND match at series level. @throws PacsWrongStudy where it is of another study. */
export function readSeriesAnswer(dataSet: DataSet, studyInstanceUid: string): SeriesFound {
  requireSameUid(dataSet, 'x0020000d', studyInstanceUid);
  return {
    studyInstanceUid,
    seriesInstanceUid: readUid(dataSet, 'x0020000e') ?? '',
    modality: readString(dataSet, 'x00080060'),
    seriesDescription: readText(dataSet, 'x0008103e', readStrings(dataSet, 'x00080005')),
    seriesNumber: readInteger(dataSet, 'x00200011'),
    numberOfInstances: readInteger(dataSet, 'x00201209'),
  };
}

/** Reads a C-FIND match at instance level. @throws PacsWrongStudy where it is of another study or series. */
export function readInstanceAnswer(
  dataSet: DataSet,
  studyInstanceUid: string,
  seriesInstanceUid: string,
): InstanceFound {
  requireSameUid(dataSet, 'x0020000d', studyInstanceUid);
  requireSameUid(dataSet, 'x0020000e', seriesInstanceUid);
  return {
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid: readUid(dataSet, 'x00080018') ?? '',
    sopClassUid: readUid(dataSet, 'x00080016'),
    instanceNumber: readInteger(dataSet, 'x00200013'),
    numberOfFrames: readInteger(dataSet, 'x00280008'),
  };
}

/** Checks a UID of the query in its match. An archive need not repeat the UID, but must not return another one. */
function requireSameUid(dataSet: DataSet, tag: string, asked: string): void {
  const answered = readUid(dataSet, tag);
  if (answered === null || answered === asked) return;
  throw new PacsWrongStudy(
    'The archive answered a search with another study or series than was asked for. See its log.',
  );
}
