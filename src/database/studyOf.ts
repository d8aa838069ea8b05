import type { PrismaClient } from '../generated/prisma/client.js';
import { isUid } from '../pacs/header/uid.js';
import { kindOf } from './kindOf.js';

/**
 * The StudyInstanceUID of the study that an id of ours, or a SOPInstanceUID, belongs to; null where there is none here.
 */
export async function studyOf(prisma: PrismaClient, id: string): Promise<string | null> {
  const study = { select: { studyInstanceUid: true } };
  const slice = { select: { series: { select: { study } } } };
  const where = { id };
  switch (kindOf(id)) {
    case 'Study':
      return (await prisma.study.findUnique({ where }))?.studyInstanceUid ?? null;
    case 'Slice':
      return (await prisma.slice.findUnique({ where, ...slice }))?.series.study.studyInstanceUid ?? null;
    case 'Prediction': {
      const row = await prisma.prediction.findUnique({ where, select: { slice } });
      return row?.slice.series.study.studyInstanceUid ?? null;
    }
    case 'Explanation': {
      const row = await prisma.explanation.findUnique({ where, select: { prediction: { select: { slice } } } });
      return row?.prediction.slice.series.study.studyInstanceUid ?? null;
    }
    case 'Job':
      return (await prisma.job.findUnique({ where, select: { study } }))?.study?.studyInstanceUid ?? null;
    default: {
      const row = isUid(id) ? await prisma.slice.findFirst({ where: { sopInstanceUid: id }, ...slice }) : null;
      return row?.series.study.studyInstanceUid ?? null;
    }
  }
}
