import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeUid } from '../../dist/pacs/write/implementation.js';
import { writeInstance } from '../../dist/pacs/write/writeInstance.js';
import { PHANTOM_PIXEL_SPACING } from '../../dist/sample/phantom.js';

/**
 * A computed head (phantomVolume) as a study of its own in `folder`: T1 axial, as the model wants it.
 * @param further attributes of each instance.
 * @returns its UID and the paths of its files.
 */
export function writePhantomStudy(folder, name, head, further = {}) {
  const target = join(folder, name);
  mkdirSync(target);
  const uid = (what) => makeUid(`phantom study ${name}: ${what}`);
  const paths = head.map(({ rows, columns, pixels, z }, index) => {
    const path = join(target, `${index}.dcm`);
    const object = {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      SOPInstanceUID: uid(`slice ${index}`),
      StudyInstanceUID: uid('study'),
      SeriesInstanceUID: uid('series'),
      Modality: 'MR',
      SeriesDescription: 'T1 axial + C',
      BodyPartExamined: 'HEAD',
      PatientName: 'BENCH^MARK',
      PatientID: name,
      SeriesNumber: 1,
      InstanceNumber: index + 1,
      ScanningSequence: 'SE',
      RepetitionTime: 500,
      EchoTime: 12,
      ImageType: ['ORIGINAL', 'PRIMARY', 'M'],
      ImagePositionPatient: [0, 0, Number(z.toFixed(3))],
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      PixelSpacing: [...PHANTOM_PIXEL_SPACING],
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      Rows: rows,
      Columns: columns,
      BitsAllocated: 16,
      BitsStored: 12,
      HighBit: 11,
      PixelRepresentation: 0,
      PixelData: [pixels.slice().buffer],
      ...further,
      _vrMap: { PixelData: 'OW' },
    };
    writeFileSync(path, writeInstance(object));
    return path;
  });
  return { uid: uid('study'), paths };
}
