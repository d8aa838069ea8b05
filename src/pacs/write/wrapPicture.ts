import { createHash } from 'node:crypto';
import { SECONDARY_CAPTURE } from '../header/sopClasses.js';
import { makeUid } from './implementation.js';
import { writeInstance } from './writeInstance.js';

const MAX_SIDE = 65_535; // Rows and Columns are US

/**
 * Wraps a grey picture (0–255, rows × columns) as a Secondary Capture Image (PS3.3 A.8.1) in a study of its own. The
 * same picture gets the same UIDs, so that it is one slice however often it comes.
 * @returns the Part 10 file; undefined for a side that DICOM cannot hold.
 */
export function wrapPicture({ rows, columns, pixels }: { rows: number; columns: number; pixels: Float32Array }) {
  if (rows > MAX_SIDE || columns > MAX_SIDE) return undefined;
  const grey = new Uint8Array(rows * columns + ((rows * columns) % 2)); // padded to an even length (PS3.5 8.1.1)
  for (let index = 0; index < pixels.length; index++) grey[index] = Math.round(pixels[index] as number);
  const hash = createHash('sha256').update(`${rows} ${columns} `).update(grey).digest('hex');
  const uid = (what: string) => makeUid(`uploaded picture ${hash}: ${what}`);
  return writeInstance({
    SOPClassUID: SECONDARY_CAPTURE,
    SOPInstanceUID: uid('instance'),
    StudyInstanceUID: uid('study'),
    SeriesInstanceUID: uid('series'),
    // Modality is that of the pictured image (PS3.3 C.7.3.1.1.1). Whoever uploads a picture here states that it is MR.
    Modality: 'MR',
    ConversionType: 'WSD', // workstation
    StudyDescription: 'Uploaded picture',
    SeriesDescription: 'Uploaded picture',
    PatientName: 'UNKNOWN',
    PatientID: '',
    SeriesNumber: 1,
    InstanceNumber: 1,
    ImageType: ['DERIVED', 'SECONDARY'],
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: [grey.buffer],
    _vrMap: { PixelData: 'OB' },
  });
}
