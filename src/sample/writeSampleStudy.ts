import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MR_IMAGE } from '../pacs/header/sopClasses.js';
import { makeUid } from '../pacs/write/implementation.js';
import { writeInstance } from '../pacs/write/writeInstance.js';
import { PHANTOM_PIXEL_SPACING, type PhantomSlice, phantomSlice, phantomVolume, SAMPLE_SEED } from './phantom.js';

const SPACING_BETWEEN_SLICES = 4.95; // mm: 22 slices from the base of the head to its crown
const SLICES = 22;

type SeriesFacts = { name: string; number: number; description: string; imageType: string[] };

const ANATOMY: SeriesFacts = {
  name: 'anatomy',
  number: 2,
  description: 'SYNTHETIC T1 axial +C',
  imageType: ['ORIGINAL', 'PRIMARY', 'M', 'SE'],
};
const LOCALIZER: SeriesFacts = {
  name: 'localizer',
  number: 1,
  description: 'SYNTHETIC localizer',
  imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
};

/** What was written. `slices`: those of the anatomical series. */
export type SampleStudy = { studyInstanceUid: string; slices: number };

/**
 * Writes the sample study: a localizer, and an axial head with a glioma-like lesion. All pixels are computed, nobody's,
 * and the bytes are the same every time. Its attributes say that it is synthetic wherever a viewer might show a name.
 */
export async function writeSampleStudy(folder: string): Promise<SampleStudy> {
  await mkdir(folder, { recursive: true });
  const volume = phantomVolume(SAMPLE_SEED, SLICES);
  // InstanceNumber counts from the crown down, while positions go up. So the sample shows whether
  // software sorts by InstanceNumber: it then shows the head upside down.
  for (const [index, slice] of volume.entries())
    await writeFile(join(folder, `anatomy-${pad(index)}.dcm`), instance(ANATOMY, slice, SLICES - index));
  const scout = phantomSlice(SAMPLE_SEED, 0.5, null);
  for (let index = 0; index < 3; index++)
    await writeFile(join(folder, `localizer-${pad(index)}.dcm`), instance(LOCALIZER, scout, index + 1));
  return { studyInstanceUid: uid('study'), slices: SLICES };
}

function instance(series: SeriesFacts, slice: PhantomSlice, number: number): Buffer {
  const { rows, columns, pixels, z } = slice;
  const [rowSpacing, columnSpacing] = PHANTOM_PIXEL_SPACING;
  return writeInstance({
    ImageType: series.imageType,
    SOPClassUID: MR_IMAGE,
    SOPInstanceUID: uid(`${series.name} ${number}`),
    StudyDate: '20260101',
    SeriesDate: '20260101',
    StudyTime: '120000',
    AccessionNumber: 'SYNTHETIC',
    Modality: 'MR',
    Manufacturer: 'Synthetic phantom',
    ReferringPhysicianName: '',
    StudyDescription: 'SYNTHETIC PHANTOM - no patient',
    SeriesDescription: series.description,
    ManufacturerModelName: 'Computed, not acquired',
    PatientName: 'SYNTHETIC^PHANTOM',
    PatientID: 'SYNTHETIC',
    PatientBirthDate: '',
    PatientSex: 'O',
    PatientComments: 'Computed image of a head that does not exist. Research use only - not for diagnostic use.',
    BodyPartExamined: 'HEAD',
    ContrastBolusAgent: 'none - synthetic, drawn as after contrast agent',
    ScanningSequence: 'SE',
    SequenceVariant: 'NONE',
    ScanOptions: '',
    MRAcquisitionType: '2D',
    SliceThickness: 4,
    RepetitionTime: 500,
    EchoTime: 12,
    EchoTrainLength: 1,
    SpacingBetweenSlices: SPACING_BETWEEN_SLICES,
    PatientPosition: 'HFS',
    StudyInstanceUID: uid('study'),
    SeriesInstanceUID: uid(`series ${series.name}`),
    StudyID: '1',
    SeriesNumber: series.number,
    InstanceNumber: number,
    ImagePositionPatient: [(-columns * columnSpacing) / 2, (-rows * rowSpacing) / 2, Number(z.toFixed(3))],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    FrameOfReferenceUID: uid('frame of reference'),
    PositionReferenceIndicator: '',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    PixelSpacing: [...PHANTOM_PIXEL_SPACING],
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    WindowCenter: 950,
    WindowWidth: 1900,
    BurnedInAnnotation: 'NO',
    PixelData: [pixels.slice().buffer],
    _vrMap: { PixelData: 'OW' },
  });
}

function uid(name: string): string {
  return makeUid(`MRIMaster sample study, seed ${SAMPLE_SEED}: ${name}`);
}

function pad(index: number): string {
  return String(index + 1).padStart(2, '0');
}
