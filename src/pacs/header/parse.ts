import type { DataSet } from 'dicom-parser';
import { InvalidDicom, MrimasterError } from '../../errors/errors.js';
import {
  readDecimal,
  readInteger,
  readItems,
  readName,
  readString,
  readStrings,
  readText,
  readUid,
  readUnsignedShort,
} from './attributes.js';
import { type FrameHeader, readFrames } from './frames.js';
import { readHeader } from './readHeader.js';
import { readScan, type Scan } from './scan.js';
import { MR_IMAGES } from './sopClasses.js';
import { requireUid } from './uid.js';

/**
 * Attributes of the patient. `id`: PatientID, unique within its `issuer` (Issuer of Patient ID, 0010,0021).
 * `birthDate`: DICOM's DA.
 */
export type PatientAttributes = {
  name: string | null;
  id: string | null;
  issuer: string | null;
  birthDate: string | null;
  sex: string | null;
};

/**
 * What the header of one SOP instance says.
 * Text is decoded by the instance's own character sets. Values that are absent, empty or malformed are null. The UIDs
 * are always present, because there is no instance without them.
 * `studyDate`: DICOM's DA, "20260131". `rows`, `columns`: null in objects that are not images; these have 0 frames.
 */
export type Instance = {
  sopClassUid: string;
  sopInstanceUid: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
  transferSyntaxUid: string;
  patient: PatientAttributes;
  accessionNumber: string | null;
  studyDate: string | null;
  studyDescription: string | null;
  modality: string | null;
  seriesDescription: string | null;
  seriesNumber: number | null;
  instanceNumber: number | null;
  bodyPartExamined: string | null;
  stationName: string | null;
  imageType: readonly string[];
  manufacturer: string | null;
  scan: Scan;
  numberOfFrames: number;
  rows: number | null;
  columns: number | null;
  frames: readonly FrameHeader[];
};

/**
 * Most frames of one instance. Each frame takes memory before any pixel is read, so a larger number is a forged header.
 */
const MAX_FRAMES = 65_536;

/**
 * Reads the header of a DICOM object: a PS3.10 file, or a bare data set without preamble or file meta information. It
 * may be in any uncompressed, deflated or encapsulated transfer syntax. `bytes` may end anywhere behind the header.
 * @throws InvalidDicom, and nothing else, whatever the bytes.
 */
export function parseInstance(bytes: Uint8Array): Instance {
  const { dataSet, transferSyntaxUid } = readHeader(bytes);
  return readInstance(dataSet, transferSyntaxUid);
}

/**
 * As {@link parseInstance}, from a data set that is read already.
 * @throws InvalidDicom.
 */
export function readInstance(dataSet: DataSet, transferSyntaxUid: string): Instance {
  try {
    return collect(dataSet, transferSyntaxUid);
  } catch (error) {
    if (error instanceof MrimasterError) throw error;
    throw new InvalidDicom('The header holds an element shorter than its type. Send or copy the file again.');
  }
}

function collect(dataSet: DataSet, transferSyntaxUid: string): Instance {
  const characterSets = readStrings(dataSet, 'x00080005');
  const text = (tag: string) => readText(dataSet, tag, characterSets);
  const uid = (tag: string, keyword: string) => requireUid(readUid(dataSet, tag), keyword);
  const rows = readUnsignedShort(dataSet, 'x00280010');
  const columns = readUnsignedShort(dataSet, 'x00280011');
  const isImage = rows !== null && columns !== null;
  const numberOfFrames = isImage ? readNumberOfFrames(dataSet) : 0;
  return {
    sopClassUid: uid('x00080016', 'SOPClassUID'),
    sopInstanceUid: uid('x00080018', 'SOPInstanceUID'),
    studyInstanceUid: uid('x0020000d', 'StudyInstanceUID'),
    seriesInstanceUid: uid('x0020000e', 'SeriesInstanceUID'),
    transferSyntaxUid,
    patient: {
      name: readName(dataSet, 'x00100010', characterSets),
      id: text('x00100020'),
      issuer: text('x00100021'),
      birthDate: readString(dataSet, 'x00100030'),
      sex: readString(dataSet, 'x00100040'),
    },
    accessionNumber: text('x00080050'),
    studyDate: readString(dataSet, 'x00080020'),
    studyDescription: text('x00081030'),
    modality: readModality(dataSet),
    seriesDescription: text('x0008103e'),
    seriesNumber: readInteger(dataSet, 'x00200011'),
    instanceNumber: readInteger(dataSet, 'x00200013'),
    bodyPartExamined: readString(dataSet, 'x00180015'),
    stationName: text('x00081010'),
    imageType: readStrings(dataSet, 'x00080008').filter((value) => value !== ''),
    manufacturer: text('x00080070'),
    scan: readScan(dataSet, characterSets),
    numberOfFrames,
    rows,
    columns,
    frames: readFrames(dataSet, numberOfFrames),
  };
}

/** Modality (0008,0060) in capitals, as CS is (PS3.5 6.2); MR where an MR image does not state it. Null where nothing tells. */
function readModality(dataSet: DataSet): string | null {
  const stated = readString(dataSet, 'x00080060')?.toUpperCase();
  return stated ?? (MR_IMAGES.has(readUid(dataSet, 'x00080016') ?? '') ? 'MR' : null);
}

/**
 * NumberOfFrames (0028,0008); 1 where it is absent or 0.
 * @throws InvalidDicom where it is not a count that an image can have, or contradicts the per-frame functional groups.
 */
export function readNumberOfFrames(dataSet: DataSet): number {
  const declared = readStrings(dataSet, 'x00280008').some((value) => value !== '');
  const stated = declared ? readDecimal(dataSet, 'x00280008') : 1;
  const number = stated === 0 ? 1 : stated; // some writers say 0 of a single frame
  if (number === null || !Number.isInteger(number) || number < 1 || number > MAX_FRAMES) {
    throw new InvalidDicom(
      `NumberOfFrames must be a whole number from 1 to ${MAX_FRAMES}. Export the object again from its source.`,
    );
  }
  // With fewer groups than frames, or more, a frame could get another frame's position.
  const groups = readItems(dataSet, 'x52009230').length;
  if (groups > 0 && groups !== number) {
    throw new InvalidDicom(
      `The header describes ${groups} frames but declares ${number}. Export the object again from its source.`,
    );
  }
  return number;
}
