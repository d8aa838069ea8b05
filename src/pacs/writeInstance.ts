import dcmjs from 'dcmjs';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.js';

/** DICOM attributes by keyword, as dcmjs takes them. */
export type DataSet = Record<string, unknown>;

const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';

/** A Part 10 file, Explicit VR Little Endian, of an object that we make. Received objects are never written again. */
export function writeInstance(dataSet: DataSet & { SOPClassUID: string; SOPInstanceUID: string }): Buffer {
  const meta = {
    FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
    MediaStorageSOPClassUID: dataSet.SOPClassUID,
    MediaStorageSOPInstanceUID: dataSet.SOPInstanceUID,
    TransferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: IMPLEMENTATION_VERSION_NAME,
  };
  const vrMap = { FileMetaInformationVersion: 'OB' };
  return Buffer.from(dcmjs.data.datasetToDict({ ...dataSet, _meta: { ...meta, _vrMap: vrMap } }).write());
}
