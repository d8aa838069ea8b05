import type { Context } from '../context.js';
import { lockStudy } from '../database/lockStudy.js';
import type { Prisma } from '../generated/prisma/client.js';
import { enqueueWriteBacks } from '../jobs/enqueueWriteBacks.js';
import { announceStudy } from '../notifications/announceStudy.js';
import { shownPatient } from './instanceFacts.js';

/**
 * Writes a study's answer back once more where it is known by now that it was written under another patient's data than
 * those that the study has, and where it was withheld and is no longer.
 * @param pacs the archive that was asked just now: what was written to others is theirs to tell of.
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
