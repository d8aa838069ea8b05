import dcmjs from 'dcmjs';
import { EXPLICIT_LITTLE_ENDIAN } from '../header/transferSyntax.js';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.js';

/** DICOM attributes by keyword, in the form that dcmjs takes. */
export type DataSet = Record<string, unknown>;

const { DicomMetaDictionary, datasetToDict } = dcmjs.data;

/**
 * Writes a new object as a Part 10 file in Explicit VR Little Endian. Received objects are never rewritten.
 * @throws TypeError for a keyword that the dictionary does not have, because dcmjs would leave the attribute out.
 */
export function writeInstance(dataSet: DataSet & { SOPClassUID: string; SOPInstanceUID: string }): Buffer {
  requireKnown(dataSet);
  const meta = {
    FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
    MediaStorageSOPClassUID: dataSet.SOPClassUID,
    MediaStorageSOPInstanceUID: dataSet.SOPInstanceUID,
    TransferSyntaxUID: EXPLICIT_LITTLE_ENDIAN,
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: IMPLEMENTATION_VERSION_NAME,
    _vrMap: { FileMetaInformationVersion: 'OB' },
  };
  const file = datasetToDict({ ...dataSet, _meta: {} });
  // dcmjs names itself as the implementation, with an invalid UID, so its file meta information is replaced.
  file.meta = DicomMetaDictionary.denaturalizeDataset(meta);
  // A name in the source may be longer than its VR allows. The result keeps it.
  return Buffer.from(file.write({ allowInvalidVRLength: true }));
}

function requireKnown(dataSet: DataSet): void {
  for (const [keyword, value] of Object.entries(dataSet)) {
    if (keyword === '_vrMap') continue;
    if (!(keyword in DicomMetaDictionary.nameMap)) throw new TypeError(`${keyword} is not a DICOM keyword.`);
    if (!Array.isArray(value)) continue;
    for (const item of value) if (isItem(item)) requireKnown(item);
  }
}

function isItem(value: unknown): value is DataSet {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer);
}
