import type { Context } from '../context.js';
import { lockStudy } from '../database/lockStudy.js';
import type { ConflictingInstance, Prisma, Study, WithheldReason } from '../generated/prisma/client.js';
import { isOtherPatient, isSamePerson, type StudyPatient } from '../pacs/header/patientIdentity.js';
import type { StudyFound } from '../pacs/query/searchResults.js';
import { patientColumns, patientOf, shownPatient } from './instanceFacts.js';
import { WITHHELD_TOLD } from './setAside.js';

/**
 * A person's decision on a study in conflict: which side is right. It holds as long as the archive says what it said
 * then (`archive`; null where none was asked).
 */
export type Decision = { keep: 'ARCHIVE' | 'RECEIVED'; archive: StudyPatient | null };

/** An archive's answer about a study; `found` is null where it does not have it. */
export type ArchiveAnswer = { archive: string; found: StudyFound | null };

/**
 * `patient`: the one under whom the answer is sent to the archive that was asked; null where the answer is withheld.
 */
export type Checked = { withheld: WithheldReason; patient: null } | { withheld: null; patient: StudyPatient };

/**
 * Decides whose study this is, from what came, from what is in conflict with that, and from what an archive says.
 * Stores whether the answer is withheld, and the patient as the study's own archive has it.
 * @param answer the answer of the archive that knows the study; null where none was asked, or none has it.
 */
export async function checkPatient(
  { log, prisma }: Pick<Context, 'log' | 'prisma'>,
  studyId: string,
  answer: ArchiveAnswer | null,
): Promise<Checked> {
  const { before, checked, studyInstanceUid } = await prisma.$transaction(async (tx) => {
    await lockStudy(tx, studyId);
    const before = await tx.study.findUniqueOrThrow({ where: { id: studyId } });
    const checked = judge(before, await versionsOf(tx, studyId), answer);
    const { withheld, patient } = checked;
    // Another archive may have given the same person an ID of its own, which counts only for what is written there.
    const shows = patient && (before.pacs === null || before.pacs === answer?.archive);
    await tx.study.update({ where: { id: studyId }, data: { withheld, ...(shows && patientColumns(patient)) } });
    return { before, checked, studyInstanceUid: before.studyInstanceUid };
  });
  const { withheld } = checked;
  if (withheld && withheld !== before.withheld) log.warn({ studyInstanceUid, reason: withheld }, WITHHELD_TOLD);
  if (!withheld && before.withheld) log.info({ studyInstanceUid }, 'The answer of a study is withheld no longer.');
  return checked;
}

/**
 * `conflicts`: the unresolved objects, the latest first. `used`: SOP instance UIDs of the images that are classified.
 */
type Versions = {
  conflicts: Pick<ConflictingInstance, 'sopInstanceUid' | 'kind' | 'depicts' | 'patient'>[];
  used: string[];
};

async function versionsOf(tx: Prisma.TransactionClient, studyId: string): Promise<Versions> {
  const conflicts = await tx.conflictingInstance.findMany({
    where: { studyId, resolvedAt: null },
    orderBy: { receivedAt: 'desc' },
    select: { sopInstanceUid: true, kind: true, depicts: true, patient: true },
  });
  if (conflicts.length === 0) return { conflicts, used: [] };
  const used = await tx.instance.findMany({
    where: { series: { studyId }, ownResult: false },
    select: { sopInstanceUid: true },
  });
  return { conflicts, used: used.map(({ sopInstanceUid }) => sopInstanceUid) };
}

const withhold = (withheld: WithheldReason): Checked => ({ withheld, patient: null });
const under = (patient: StudyPatient): Checked => ({ withheld: null, patient });

function judge(study: Study, { conflicts, used }: Versions, answer: ArchiveAnswer | null): Checked {
  if (conflicts.some(({ kind }) => kind === 'OTHER_PATIENT')) return withhold('OTHER_PATIENT');
  const received = (study.receivedPatient as StudyPatient | null) ?? shownPatient(study);
  const renamed = conflicts.filter(({ patient }) => patient && isOtherPatient(received, patient as StudyPatient));
  if (!answer?.found) return renamed.length > 0 ? withhold('CHANGED_PATIENT') : under(shownPatient(study));
  const decision = study.decision as Decision | null;
  const unless = (withheld: WithheldReason) => (decision?.keep === 'RECEIVED' ? under(received) : withhold(withheld));
  if (answer.found.ambiguous) return unless('ARCHIVE_DISAGREES');
  const there = patientOf(answer.found);
  if (!names(there, received)) return unless('ARCHIVE_CANNOT_BE_ASKED');
  if (renamed.length > 0) return allCorrected(renamed, used, there) ? under(there) : withhold('CHANGED_PATIENT');
  if (!isOtherPatient(received, there)) return under({ ...there, issuer: there.issuer ?? received.issuer });
  if (decision?.archive && !isOtherPatient(decision.archive, there))
    return under(decision.keep === 'ARCHIVE' ? there : received);
  // It is the archive that sent the study, and has corrected it since; or it gave this person an ID of its own.
  if (study.receivedFrom === answer.archive || isSamePerson(received, there)) return under(there);
  return withhold('ARCHIVE_DISAGREES');
}

/** Whether the archive's answer names a patient: with exactly one PatientID, which is a valid LO (PS3.5 6.2). */
function names(there: StudyPatient, received: StudyPatient): boolean {
  if (there.id === null) return received.id === null && (there.name !== null || received.name === null);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return there.id === received.id || !/[\0-\x1f\x7f\\\u2400]/.test(there.id);
}

/** Whether each image in use came again with the patient that the archive names now, and shows the same as before. */
function allCorrected(renamed: Versions['conflicts'], used: readonly string[], there: StudyPatient): boolean {
  const corrected = new Set(renamed.map(({ sopInstanceUid }) => sopInstanceUid));
  const right = ({ depicts, patient }: Versions['conflicts'][number]) =>
    !depicts && !isOtherPatient(patient as StudyPatient, there);
  return renamed.every(right) && used.every((uid) => corrected.has(uid));
}
