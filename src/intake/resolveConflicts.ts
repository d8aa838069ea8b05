import { join } from 'node:path';
import type { Context } from '../context.js';
import { lockStudy } from '../database/lockStudy.js';
import { NoConflict, StudyBusy, StudyNotFound } from '../errors/errors.js';
import { type ConflictSide, type Job, Prisma, type Study } from '../generated/prisma/client.js';
import { LIVE, sendStudyJob } from '../jobs/enqueueStudy.js';
import { compareObjects } from '../pacs/header/compareObjects.js';
import type { StudyPatient } from '../pacs/header/patientIdentity.js';
import type { StudyFound } from '../pacs/query/searchResults.js';
import type { Received } from '../pacs/receive.js';
import { checkPatient, type Decision } from './checkPatient.js';
import { type Chosen, chooseVersions, type Version } from './chooseVersions.js';
import { patientColumns, patientOf } from './instanceFacts.js';
import { parseReceived } from './parseReceived.js';
import { storeInstance } from './recordInstance.js';
import { retrieveStudy } from './retrieveStudy.js';
import { noteArrival, settleDelays } from './settleTimes.js';

/**
 * Carries out a person's decision on a study in conflict: which objects are right, and so whose study it is. Files are
 * never deleted; an object that is used no more is kept as a resolved conflict. Slices of another patient's object
 * leave the study, with their predictions.
 * @throws StudyNotFound; NoConflict; StudyBusy while it is being classified; what pulling from the archive throws.
 */
export async function resolveConflicts(
  context: Context,
  { studyInstanceUid, keep }: { studyInstanceUid: string; keep: ConflictSide },
): Promise<{ study: Study; job: Job }> {
  const { log, prisma } = context;
  const study = await prisma.study.findUnique({ where: { studyInstanceUid } });
  if (!study) throw new StudyNotFound(`Study ${studyInstanceUid} is not here.`);
  const unresolved = { studyId: study.id, resolvedAt: null };
  if ((await prisma.conflictingInstance.count({ where: unresolved })) === 0 && !study.withheld)
    throw new NoConflict('Nothing of this study is in conflict, and its answer is not withheld.');
  if ((await prisma.job.count({ where: { studyId: study.id, ...LIVE } })) > 0) throw busy();
  const asked = await askArchive(context, study, keep);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const decided = await decide(context, study, keep, asked);
    const job = await prisma.$transaction((tx) => carryOut(context, tx, study, keep, asked, decided));
    if (job === null) continue; // more came meanwhile
    if (asked) await checkPatient(context, study.id, asked);
    log.info({ studyInstanceUid, keep, adopted: decided.received.length }, 'Conflicts of a study were resolved.');
    return { study: await prisma.study.findUniqueOrThrow({ where: { id: study.id } }), job };
  }
  throw new StudyBusy('Objects of the study are arriving. Resolve its conflicts when they are here.');
}

const MOST_ATTEMPTS = 10;

/** A choice of objects. `of`: what was there when it was made, by which a later change is noticed. */
type Decided = { of: string; chosen: Chosen; received: Received[]; depicts: boolean };

/** Chooses the objects that are used from now on, and reads their files, outside of any transaction. */
async function decide(
  context: Context,
  study: Study,
  keep: ConflictSide,
  asked: AskedArchive | null,
): Promise<Decided> {
  const versions = await versionsOf(context.prisma, study, asked?.since ?? null);
  const chosen = chooseVersions(versions, whoseStudy(study, versions, keep, asked?.found ?? null), keep);
  const received = await Promise.all(chosen.adopt.map((version) => receivedOf(context, version)));
  return {
    of: fingerprint(versions),
    chosen,
    received: received.filter((one) => one !== null),
    depicts: await changesPictures(context, chosen),
  };
}

const fingerprint = (versions: readonly Version[]): string =>
  JSON.stringify(versions.map(({ sopInstanceUid, sha256, used }) => `${sopInstanceUid} ${sha256} ${used}`).sort());

/**
 * Carries out the choice while the study is locked. @returns null where an object was recorded since the choice was
 * made.
 */
async function carryOut(
  context: Context,
  tx: Prisma.TransactionClient,
  study: Study,
  keep: ConflictSide,
  asked: AskedArchive | null,
  { of, chosen, received, depicts }: Decided,
): Promise<Job | null> {
  await lockStudy(tx, study.id);
  if (fingerprint(await versionsOf(tx, study, asked?.since ?? null)) !== of) return null;
  const resolution = { resolvedAt: new Date(), resolution: keep };
  for (const version of chosen.leave) await leaveOut(tx, study, version, resolution);
  for (const one of received) await adopt(tx, study, one);
  await tx.conflictingInstance.updateMany({ where: { studyId: study.id, resolvedAt: null }, data: resolution });
  const decision: Decision = {
    keep: keep === 'ARCHIVE' ? 'ARCHIVE' : 'RECEIVED',
    archive: asked ? patientOf(asked.found) : null,
  };
  await tx.study.update({
    where: { id: study.id },
    data: {
      ...(chosen.patient && { receivedPatient: chosen.patient, ...patientColumns(chosen.patient) }),
      decision,
      withheld: null,
      revision: { increment: 1 },
      completenessState: 'PROVISIONAL',
      evidenceCode: 'CONFLICTS_RESOLVED',
      evidenceParameters: {},
    },
  });
  await noteArrival(tx, study.id, settleDelays(context));
  const { studyInstanceUid } = study;
  const sent = await sendStudyJob(context, tx, study.id, { studyInstanceUid, pacs: null, force: depicts }, 'ASKED');
  if (!sent) throw busy();
  return sent;
}

const busy = () => new StudyBusy('The study is being classified. Resolve its conflicts when that job has ended.');

type AskedArchive = { archive: string; found: StudyFound; since: Date };

/** Asks the archive for the study. Where the archive's objects are to be kept, it sends them all once more. */
async function askArchive(context: Context, study: Study, keep: ConflictSide): Promise<AskedArchive | null> {
  const { archives, prisma } = context;
  const { pacs, studyInstanceUid } = study;
  const names = pacs !== null && archives.has(pacs) ? [pacs] : [...archives.keys()];
  for (const archive of names) {
    const search = archives.get(archive)?.searchForStudies({ studyInstanceUid }) ?? Promise.resolve([]);
    const [found] = await search.catch((error) => {
      if (keep === 'ARCHIVE') throw error;
      return []; // what came is kept, whatever the archive would say
    });
    if (!found) continue;
    const [clock] = await prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
    if (keep === 'ARCHIVE')
      await retrieveStudy(context, archive, studyInstanceUid, async () => {}, new AbortController().signal);
    return { archive, found, since: clock?.now ?? new Date() };
  }
  if (keep !== 'ARCHIVE') return null;
  throw new StudyNotFound('No archive has this study. Keep what was received first, or last.');
}

/**
 * Every kept object of the study, used or not. `since`: what came later was sent by the archive just now; null: nothing
 * was.
 */
async function versionsOf(prisma: Prisma.TransactionClient, study: Study, since: Date | null): Promise<Version[]> {
  const used = await prisma.instance.findMany({ where: { series: { studyId: study.id } } });
  const aside = await prisma.conflictingInstance.findMany({
    where: { studyId: study.id, OR: [{ resolvedAt: null }, ...(since ? [{ receivedAt: { gte: since } }] : [])] },
    orderBy: { receivedAt: 'asc' },
  });
  const received = study.receivedPatient as StudyPatient | null;
  return [
    ...used.map((row) => ({ ...row, used: true, patient: received, sentNow: false })),
    ...aside.map((row) => ({
      ...row,
      ownResult: false,
      used: false,
      patient: row.patient as StudyPatient | null,
      sentNow: since !== null && row.receivedAt >= since,
    })),
  ];
}

/** The patient that the decision makes the study's; null where nothing names one. */
function whoseStudy(
  study: Study,
  versions: readonly Version[],
  keep: ConflictSide,
  found: StudyFound | null,
): StudyPatient | null {
  if (keep === 'ARCHIVE' && found) return patientOf(found);
  const received = study.receivedPatient as StudyPatient | null;
  if (keep !== 'LAST_RECEIVED') return received;
  return versions.findLast(({ used, patient }) => !used && patient)?.patient ?? received;
}

/** Whether an image that is used from now on shows something else than the one that it replaces. */
async function changesPictures({ receivedDir }: Context, { adopt, replaced }: Chosen) {
  for (const version of adopt) {
    const before = replaced.get(version.sopInstanceUid);
    if (!before) continue; // a new slice is classified anyway
    const { depicts } = await compareObjects(join(receivedDir, before.path), join(receivedDir, version.path));
    if (depicts) return true;
  }
  return false;
}

async function receivedOf({ receivedDir }: Context, { path, sha256, bytes }: Version): Promise<Received | null> {
  const instance = await parseReceived(join(receivedDir, path));
  return instance ? { instance, path, sha256, bytes: Number(bytes), duplicate: false, conflict: false } : null;
}

type Resolution = { resolvedAt: Date; resolution: ConflictSide };

/** Makes an object in use a resolved conflict. Its slices are deleted where nothing takes its place. */
async function leaveOut(
  tx: Prisma.TransactionClient,
  study: Study,
  { version, replaced }: { version: Version; replaced: boolean },
  resolution: Resolution,
): Promise<void> {
  const { sopInstanceUid, sha256, path, bytes, patient } = version;
  const kind = patient && study.receivedPatient && !replaced ? ('OTHER_PATIENT' as const) : ('OTHER_BYTES' as const);
  const row = {
    studyId: study.id,
    kind,
    path,
    bytes,
    differing: [],
    patient: patient ?? Prisma.JsonNull,
    ...resolution,
  };
  await tx.conflictingInstance.upsert({
    where: { sopInstanceUid_sha256: { sopInstanceUid, sha256 } },
    create: { sopInstanceUid, sha256, ...row },
    update: resolution,
  });
  if (!replaced) await tx.instance.delete({ where: { sopInstanceUid } });
}

/** Makes an object one in use. Slices that it still has keep their rows, and so their reviews. */
async function adopt(tx: Prisma.TransactionClient, study: Study, received: Received): Promise<void> {
  const { instance, path, sha256, bytes } = received;
  const { sopInstanceUid, sopClassUid, transferSyntaxUid, numberOfFrames, rows, columns } = instance;
  await tx.conflictingInstance.deleteMany({ where: { sopInstanceUid, sha256 } });
  const before = await tx.instance.findUnique({ where: { sopInstanceUid } });
  if (before) {
    await tx.slice.deleteMany({ where: { sopInstanceUid, frameNumber: { gt: numberOfFrames } } });
    if (rows !== null && columns !== null)
      await tx.slice.updateMany({ where: { sopInstanceUid }, data: { rows, columns } });
    await tx.instance.update({
      where: { sopInstanceUid },
      data: { path, sha256, bytes, sopClassUid, transferSyntaxUid },
    });
  }
  const seriesId = await storeInstance(tx, study, received);
  await tx.instance.update({ where: { sopInstanceUid }, data: { seriesId } });
  await tx.slice.updateMany({ where: { sopInstanceUid }, data: { seriesId } });
}
