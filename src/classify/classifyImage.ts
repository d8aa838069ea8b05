import type { Context } from '../context.js';
import { UnsupportedPixels, UploadConflict } from '../errors/errors.js';
import type { Prediction } from '../generated/prisma/client.js';
import { pictureKind } from '../images/readPicture.js';
import type { GrayscaleImage } from '../inference/image.js';
import { studyFacts } from '../intake/instanceFacts.js';
import { recordInstance } from '../intake/recordInstance.js';
import type { Instance } from '../pacs/header/parse.js';
import { receiveBytes } from '../pacs/receive.js';
import { wrapPicture } from '../pacs/write/wrapPicture.js';
import { classifySlice } from './classifySlice.js';
import { setUploadedStatus } from './classifyUploaded.js';

export type ClassifiedImage = { prediction: Prediction; studyInstanceUid: string };

/**
 * Keeps a PNG, JPEG or DICOM file as a slice and classifies it, so that it can be explained and reviewed as any other.
 * A picture becomes a study of its own; the same file again is the same slice, and its prediction is made anew.
 * @param who the caller; see offload.ts.
 * @throws UnsupportedPixels, UndecodablePixels, TooBusy, InvalidDicom, UploadConflict, StorageFull
 */
export async function classifyImage(
  context: Context,
  { bytes, frameNumber, who }: { bytes: Buffer; frameNumber: number; who: string },
): Promise<ClassifiedImage> {
  const isPicture = pictureKind(bytes) !== undefined;
  const file = isPicture ? asDicom(await context.offload.readPicture(bytes, who)) : bytes;
  const check = (instance: Instance) => (isPicture ? undefined : refuseConflict(context, instance));
  const received = await receiveBytes(file, context.receivedDir, {
    check,
    durableFolders: context.caches.durableFolders,
  });
  const { sopInstanceUid, studyInstanceUid, numberOfFrames } = received.instance;
  if (numberOfFrames === 0) throw new UnsupportedPixels('The DICOM object holds no image. Give one that does.');
  await recordInstance(context, received, { pacs: null, sender: 'an upload', arriving: false, uploaded: true });
  if (isPicture) await makeEligible(context, studyInstanceUid);
  const prediction = await classifySlice(context, { sopInstanceUid, frameNumber, concludes: !isPicture });
  const { uploaded } = await context.prisma.study.findUniqueOrThrow({ where: { studyInstanceUid } });
  if (uploaded) await setUploadedStatus(context, context.models.active, studyInstanceUid);
  return { prediction, studyInstanceUid };
}

function asDicom(picture: GrayscaleImage): Buffer {
  const file = wrapPicture(picture);
  if (!file) throw new UnsupportedPixels('The picture is wider or higher than 65,535 pixels. A slice is far smaller.');
  return file;
}

/**
 * Refuses a file that contradicts its study: a single upload must not change what an archive said. @throws
 * UploadConflict
 */
async function refuseConflict({ prisma }: Context, instance: Instance): Promise<void> {
  const { studyInstanceUid } = instance;
  const known = await prisma.study.findUnique({ where: { studyInstanceUid } });
  const facts = Object.entries(studyFacts(instance));
  if (!known || facts.every(([name, value]) => String(known[name as keyof typeof known]) === String(value))) return;
  throw new UploadConflict(
    'The study of this file is here, and what they say of the study or its patient differs. Correct the file, or have the archive send it.',
  );
}

/** Makes an uploaded picture eligible. It has no header to decide by: whoever uploads it says that it is a slice. */
async function makeEligible({ prisma }: Context, studyInstanceUid: string): Promise<void> {
  const series = { study: { studyInstanceUid } };
  await prisma.$transaction([
    prisma.study.update({
      where: { studyInstanceUid },
      data: { intakeCode: 'UPLOADED_PICTURE', intakeParameters: {} },
    }),
    prisma.series.updateMany({
      where: series,
      data: { eligible: true, examinedAt: new Date(), eligibilityCode: 'UPLOADED_PICTURE', eligibilityParameters: {} },
    }),
    prisma.slice.updateMany({ where: { series }, data: { eligible: true } }),
  ]);
}
