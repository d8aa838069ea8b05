import dcmjs from 'dcmjs';
import { EXPLICIT_LITTLE_ENDIAN } from '../header/transferSyntax.js';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.js';

/** DICOM attributes by keyword, as dcmjs takes them. */
export type DataSet = Record<string, unknown>;

const { DicomMetaDictionary, datasetToDict } = dcmjs.data;

/**
 * A Part 10 file, Explicit VR Little Endian, of an object that we make. Received objects are never written again.
 * @throws TypeError for a keyword that the dictionary does not have: dcmjs would leave the attribute out.
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
  // Set behind dcmjs's back, which names itself as the implementation, with a UID that is none.
  file.meta = DicomMetaDictionary.denaturalizeDataset(meta);
  // A name of the images that is longer than its VR allows is that of the result, too.
  return Buffer.from(file.write({ allowInvalidVRLength: true }));
}

function requireKnown(dataSet: DataSet): void {
  for (const [keyword, value] of Object.entries(dataSet)) {
    if (keyword === '_vrMap') continue;
    if (!(keyword in DicomMetaDictionary.nameMap)) throw new TypeError(`${keyword} is no keyword of DICOM's.`);
    if (!Array.isArray(value)) continue;
    for (const item of value) if (isItem(item)) requireKnown(item);
  }
}

function isItem(value: unknown): value is DataSet {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer);
}
