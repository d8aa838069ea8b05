import type { Context } from '../context.js';
import type { Prisma } from '../generated/prisma/client.js';
import { isoDate } from '../pacs/header/isoDate.js';
import type { StudyFound } from '../pacs/query/searchResults.js';
import { patientColumns, patientOf } from './instanceFacts.js';
import { fromNow } from './settleTimes.js';

/**
 * Notes, within the caller's transaction, that an archive has a study, or more of one than before. The study is then
 * examined as if its last instance had just come (settleStudy.ts). To note it again changes nothing but the time.
 */
export async function noteStudy(
  { config }: Context,
  tx: Prisma.TransactionClient,
  pacs: string,
  found: StudyFound,
): Promise<void> {
  const { studyInstanceUid, modalities, studyDescription, studyDate } = found;
  const study = await tx.study.upsert({
    where: { studyInstanceUid },
    create: {
      studyInstanceUid,
      ...patientColumns(patientOf(found)),
      description: studyDescription,
      studyDate: isoDate(studyDate),
      modalities: [...modalities],
      pacs,
      evidenceCode: 'NOT_FETCHED',
    },
    update: { countedInstances: null },
    select: { id: true },
  });
  await tx.$executeRaw`
    UPDATE "Study" SET "settleAt" = clock_timestamp(), "settleBy" = ${fromNow(config.arrivals.deadlineMs)}
    WHERE "id" = ${study.id}`;
}
