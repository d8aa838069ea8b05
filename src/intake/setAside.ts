import { join } from 'node:path';
import type { Context } from '../context.js';
import { lockStudy } from '../database/lockStudy.js';
import type { ConflictKind, Prisma, WithheldReason } from '../generated/prisma/client.js';
import { compareObjects } from '../pacs/header/compareObjects.js';
import { isOtherPatient, listDifferences, type StudyPatient } from '../pacs/header/patientIdentity.js';
import type { Received } from '../pacs/receive.js';
import { patientOf } from './instanceFacts.js';
import type { Origin } from './origin.js';
import { noteArrival, type SettleDelays } from './settleTimes.js';

/** `firstPath`: path of the object that was recorded under the same SOPInstanceUID; null where none was. */
export type Conflict = { kind: ConflictKind; studyId: string; firstPath: string | null };

export const WITHHELD_TOLD = 'The answer of a study is withheld: it is not sure whose study it is.';

/**
 * Records an object as one in conflict, which is kept and not used. Its study is no longer proven whole and is examined
 * again. Where the object names another patient, the study's answer is withheld until somebody resolves that.
 */
export async function setAside(
  { log, metrics, prisma, receivedDir }: Context,
  received: Received,
  { kind, studyId, firstPath }: Conflict,
  { sender }: Origin,
  settle: SettleDelays | null,
): Promise<void> {
  const { instance, path, sha256, bytes } = received;
  const { sopInstanceUid } = instance;
  const patient = patientOf(instance);
  const compared =
    firstPath === null ? null : await compareFiles(join(receivedDir, firstPath), join(receivedDir, path));
  const study = await prisma.$transaction(async (tx) => {
    await lockStudy(tx, studyId);
    const study = await tx.study.findUnique({ where: { id: studyId } });
    if (!study) return null;
    const known = study.receivedPatient as StudyPatient | null;
    const differing =
      compared?.differing ?? (known ? listDifferences(known, patient).map(({ attribute }) => attribute) : []);
    const key = { sopInstanceUid, sha256 };
    const seen = await tx.conflictingInstance.findUnique({ where: { sopInstanceUid_sha256: key } });
    const depicts = compared?.depicts ?? true;
    const row = { studyId, kind, path, bytes, differing, depicts, patient, sender };
    await tx.conflictingInstance.upsert({
      where: { sopInstanceUid_sha256: key },
      create: { ...key, ...row },
      update: { path, sender },
    });
    await tx.$executeRaw`
      UPDATE "ConflictingInstance" SET "receivedAt" = clock_timestamp()
      WHERE "sopInstanceUid" = ${sopInstanceUid} AND "sha256" = ${sha256}`;
    if (seen) return null; // it is recorded already; a person may have resolved it
    await tx.study.update({
      where: { id: studyId },
      data: { ...doubted(study), ...reasonToWithhold(kind, study.withheld, known, patient) },
    });
    if (settle) await noteArrival(tx, studyId, settle);
    return study;
  });
  if (!study) return;
  metrics.conflicts.inc({ kind });
  const { withheld } = await prisma.study.findUniqueOrThrow({ where: { id: studyId } });
  if (withheld && withheld !== study.withheld)
    log.warn({ studyInstanceUid: study.studyInstanceUid, reason: withheld }, WITHHELD_TOLD);
  log.warn(
    { studyId: study.id, kind },
    'An object is in conflict with what came before: both are kept, the first is used.',
  );
}

function doubted({ completenessState }: { completenessState: string }): Prisma.StudyUpdateInput {
  const provisional = completenessState === 'PROVEN' && { completenessState: 'PROVISIONAL' as const };
  return { evidenceCode: 'DIFFERING_OBJECTS', evidenceParameters: {}, ...provisional };
}

function reasonToWithhold(
  kind: ConflictKind,
  before: WithheldReason | null,
  known: StudyPatient | null,
  patient: StudyPatient,
): { withheld?: WithheldReason } {
  if (kind === 'OTHER_PATIENT') return { withheld: 'OTHER_PATIENT' };
  if (before === 'OTHER_PATIENT' || !known || !isOtherPatient(known, patient)) return {};
  return { withheld: 'CHANGED_PATIENT' };
}

/** Compares two files. Where the first one is gone, its pixels are unknown and taken to differ. */
async function compareFiles(first: string, other: string): ReturnType<typeof compareObjects> {
  try {
    return await compareObjects(first, other);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { differing: ['PixelData'], depicts: true };
    throw error;
  }
}
