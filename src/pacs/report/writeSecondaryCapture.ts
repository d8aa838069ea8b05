import type { FrameHeader } from '../header/frames.js';
import { SECONDARY_CAPTURE } from '../header/sopClasses.js';
import { OWN_MANUFACTURER } from '../series/seriesRules.js';
import { writeInstance } from '../write/writeInstance.js';
import { codeItem, sopReference } from './contentItem.js';
import { patientOrientation } from './patientOrientation.js';
import type { Reference, WrittenObject } from './report.js';
import { CODES } from './vocabulary.js';
import { DISCLAIMER } from './words.js';
import { commonAttributes } from './writtenObject.js';

/** A picture of 8 bits a sample, row by row: grey, RGB or RGBA. Alpha is ignored. */
export type Pixels = { width: number; height: number; channels: 1 | 3 | 4; data: Uint8Array };

/**
 * A picture of the key slice under its heat map. `pixels` include the legend and the intended use. `description`: how
 * they were made, without patient data. `imageOrientationPatient`: that of the key frame.
 */
export type Overlay = WrittenObject & {
  pixels: Pixels;
  description: string;
  key: Reference;
  imageOrientationPatient: FrameHeader['imageOrientationPatient'];
};

const LONGEST_DESCRIPTION = 1024; // characters of ST

/**
 * Writes the key slice under its heat map as a Secondary Capture (PS3.3 A.8.1), RGB, as a Part 10 file. The same
 * overlay gives the same bytes. The object has no pixel spacing, so viewers cannot measure in it.
 * @throws RangeError unless `data` holds width × height × channels samples.
 */
export function writeSecondaryCapture(overlay: Overlay): Buffer {
  const { pixels, description, key, imageOrientationPatient, source, written } = overlay;
  const frames = key.frameNumber === undefined ? [] : [key.frameNumber];
  return writeInstance({
    ...commonAttributes(overlay),
    SOPClassUID: SECONDARY_CAPTURE,
    Modality: 'OT',
    SeriesDescription: 'MRIMaster heat map - research use only',
    BodyPartExamined: 'HEAD',
    ConversionType: 'WSD',
    DateOfSecondaryCapture: written.date,
    TimeOfSecondaryCapture: written.time,
    SecondaryCaptureDeviceManufacturer: OWN_MANUFACTURER,
    ImageType: ['DERIVED', 'SECONDARY'],
    PatientOrientation: patientOrientation(imageOrientationPatient),
    ImageComments: DISCLAIMER,
    DerivationDescription: description.slice(0, LONGEST_DESCRIPTION),
    SourceImageSequence: [
      { ...sopReference(key, frames), PurposeOfReferenceCodeSequence: [codeItem(CODES.sourceImage)] },
    ],
    // The burnt-in text holds no patient data, but software that sorts by this attribute should still look.
    BurnedInAnnotation: 'YES',
    ...(source.lossy ?? { LossyImageCompression: '00' }),
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    Rows: pixels.height,
    Columns: pixels.width,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: [evenRgb(pixels).buffer],
    _vrMap: { PixelData: 'OB' },
  });
}

/** RGB samples, interleaved, padded to an even length (PS3.5 8.1.1). */
function evenRgb({ width, height, channels, data }: Pixels): Uint8Array {
  if (data.length !== width * height * channels) throw new RangeError('The pixels do not fill their rectangle.');
  const rgb = new Uint8Array(width * height * 3 + ((width * height) % 2));
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let channel = 0; channel < 3; channel++)
      rgb[pixel * 3 + channel] = data[pixel * channels + (channels === 1 ? 0 : channel)] as number;
  return rgb;
}
