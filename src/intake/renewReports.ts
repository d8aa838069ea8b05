import type { Context } from '../context.js';
import { lockStudy } from '../database/lockStudy.js';
import type { Prisma } from '../generated/prisma/client.js';
import { enqueueWriteBacks } from '../jobs/enqueueWriteBacks.js';
import { announceStudy } from '../notifications/announceStudy.js';
import { shownPatient } from './instanceFacts.js';

/**
 * Queues the write-back of a study's answer once more where it was written under other patient data than the study has
 * now, and where it was withheld and no longer is.
 * @param pacs the archive that was asked just now. Nothing is known by that of what was written to others.
 */
export async function renewReports(context: Context, studyId: string, pacs: string | null): Promise<void> {
  const { models, prisma } = context;
  const { active } = models;
  await prisma.$transaction(async (tx) => {
    await lockStudy(tx, studyId);
    const study = await tx.study.findUnique({ where: { id: studyId } });
    if (!study || study.withheld) return;
    const reports = await tx.report.findMany({
      where: { studyId, modelId: active.model.id, revision: study.revision },
    });
    const present = shownPatient(study);
    const outdated = reports.some(
      (report) => report.pacs === pacs && report.storedAt && report.patient && !equal(report.patient, present),
    );
    const waiting = reports.some(({ storedAt, withheld }) => !storedAt && withheld);
    if (!outdated && !waiting) return;
    const renewed = outdated
      ? await tx.study.update({ where: { id: studyId }, data: { revision: { increment: 1 } } })
      : study;
    await enqueueWriteBacks(context, active.model, tx, renewed, undefined);
    await announceStudy(context, active, tx, studyId, `revision ${renewed.revision}`);
  });
}

function equal(written: Prisma.JsonValue, present: ReturnType<typeof shownPatient>): boolean {
  const before = written as Record<string, unknown>;
  return Object.entries(present).every(([key, value]) => (before[key] ?? null) === value);
}
