import type { Context } from './context.js';
import type { Prisma } from './generated/prisma/client.js';
import { isoDate } from './isoDate.js';
import type { StudyFound } from './pacs/dicomJson.js';

/**
 * Takes note, within the caller's transaction, that an archive has a study, or more of one than before: it is then looked
 * at as if its last instance had just come (settleStudy.ts). To note it again changes nothing but the time.
 */
export async function noteStudy(
  { config }: Context,
  tx: Prisma.TransactionClient,
  pacs: string,
  found: StudyFound,
): Promise<void> {
  const { studyInstanceUid, patient, modalities, accessionNumber, studyDescription, studyDate } = found;
  const now = new Date();
  const noted = {
    settleAt: now,
    settleBy: new Date(now.getTime() + config.arrivals.deadlineMs),
    countedInstances: null,
  };
  await tx.study.upsert({
    where: { studyInstanceUid },
    create: {
      studyInstanceUid,
      patientName: patient.name,
      patientId: patient.id,
      patientBirthDate: patient.birthDate,
      patientSex: patient.sex,
      accessionNumber,
      description: studyDescription,
      studyDate: isoDate(studyDate),
      modalities: [...modalities],
      pacs,
      evidence: 'The archive has it; nothing was fetched yet.',
      ...noted,
    },
    update: noted,
  });
}
