import { createHash } from 'node:crypto';
import dcmjs from 'dcmjs';

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
    ImplementationClassUID: makeUid('MRIMaster implementation'),
    ImplementationVersionName: 'MRIMASTER',
  };
  const vrMap = { FileMetaInformationVersion: 'OB' };
  return Buffer.from(dcmjs.data.datasetToDict({ ...dataSet, _meta: { ...meta, _vrMap: vrMap } }).write());
}

/** A UID that is the same whenever its name is: 2.25 and 128 bits of a hash (PS3.5 B.2). */
export function makeUid(name: string): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  // The bits that RFC 9562 sets in every UUID: version 8, its own variant.
  const uuid = (BigInt(`0x${digest}`) & ~(0xf000n << 64n) & ~(3n << 62n)) | (0x8000n << 64n) | (2n << 62n);
  return `2.25.${uuid}`;
}
