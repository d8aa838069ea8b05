import type { Context } from './context.js';
import type { Prisma, Study, WithheldReason } from './generated/prisma/client.js';
import { patientColumns, patientOf, shownPatient } from './instanceFacts.js';
import type { StudyFound } from './pacs/dicomJson.js';
import { filledUp, isOtherPatient, isSamePerson, type StudyPatient } from './pacs/patientIdentity.js';
import { WITHHELD_TOLD } from './setAside.js';

/** What a person decided about a study in conflict: whose word counts, as long as the archive says what it said then. */
export type Decision = { keep: 'ARCHIVE' | 'RECEIVED'; archive: StudyPatient | null };

/** An archive's answer about a study; `found` is null where it does not have it. */
export type ArchiveAnswer = { archive: string; found: StudyFound | null };

/**
 * Decides whose study this is now: by what came, by what is in conflict with that, and by what an archive says. The study's
 * row then shows that patient, and says whether its answer is withheld.
 * @param answer of the archive that knows the study; null where none was asked, or none has it.
 */
export async function checkPatient(
  { log, prisma }: Pick<Context, 'log' | 'prisma'>,
  studyId: string,
  answer: ArchiveAnswer | null,
): Promise<WithheldReason | null> {
  const { before, study } = await prisma.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT 1 FROM "Study" WHERE "id" = ${studyId} FOR NO KEY UPDATE`;
    const before = await tx.study.findUniqueOrThrow({ where: { id: studyId } });
    const { patient, withheld } = judge(before, await versionsOf(tx, studyId), answer);
    const data = { withheld, ...(patient && patientColumns(patient)) };
    return { before, study: await tx.study.update({ where: { id: studyId }, data }) };
  });
  const { studyInstanceUid, withheld } = study;
  if (withheld && withheld !== before.withheld) log.warn({ studyInstanceUid, reason: withheld }, WITHHELD_TOLD);
  if (!withheld && before.withheld) log.info({ studyInstanceUid }, 'The answer of a study is withheld no longer.');
  return withheld;
}

/** Whom objects name that are in conflict with what came first; the latest first. */
type Versions = { kind: 'OTHER_BYTES' | 'OTHER_PATIENT'; patient: StudyPatient | null }[];

async function versionsOf(tx: Prisma.TransactionClient, studyId: string): Promise<Versions> {
  const rows = await tx.conflictingInstance.findMany({
    where: { studyId, resolvedAt: null },
    orderBy: { receivedAt: 'desc' },
    select: { kind: true, patient: true },
  });
  return rows.map(({ kind, patient }) => ({ kind, patient: patient as StudyPatient | null }));
}

type Judgement = { patient: StudyPatient | null; withheld: WithheldReason | null };

const withhold = (withheld: WithheldReason): Judgement => ({ patient: null, withheld });
const shown = (patient: StudyPatient | null): Judgement => ({ patient, withheld: null });

function judge(study: Study, versions: Versions, answer: ArchiveAnswer | null): Judgement {
  if (versions.some(({ kind }) => kind === 'OTHER_PATIENT')) return withhold('OTHER_PATIENT');
  const received = (study.receivedPatient as StudyPatient | null) ?? shownPatient(study);
  const corrected = versions.find(({ patient }) => patient && isOtherPatient(received, patient))?.patient;
  if (!answer?.found) return corrected ? withhold('CHANGED_PATIENT') : shown(null);
  const there = patientOf(answer.found);
  // What was sent again, corrected, is what the archive has by now.
  if (corrected)
    return isOtherPatient(corrected, there) ? withhold('CHANGED_PATIENT') : shown(filledUp(there, corrected));
  if (!isOtherPatient(received, there)) return shown(filledUp(there, received));
  const decision = study.decision as Decision | null;
  if (decision?.archive && !isOtherPatient(decision.archive, there))
    return shown(decision.keep === 'ARCHIVE' ? there : received);
  // It is the archive that sent the study, and has corrected it since; or it gave this person an ID of its own.
  if (study.receivedFrom === answer.archive || isSamePerson(received, there)) return shown(there);
  return withhold('ARCHIVE_DISAGREES');
}
