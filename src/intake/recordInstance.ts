import type { Context } from '../context.js';
import { InstanceConflict } from '../errors/errors.js';
import { Prisma, type Study } from '../generated/prisma/client.js';
import { fillMissing, isOtherPatient, type StudyPatient } from '../pacs/header/patientIdentity.js';
import type { Received } from '../pacs/receive.js';
import { isOwnResult } from '../pacs/report/ownResult.js';
import { patientOf, slicesOf, studyFacts } from './instanceFacts.js';
import type { Origin } from './origin.js';
import { recordInSeries, remember } from './recordInSeries.js';
import { type Conflict, setAside } from './setAside.js';
import { noteArrival, type SettleDelays, settleDelays } from './settleTimes.js';

/**
 * Records a received file: its study, its series, its instance and its slices, in one transaction. Recording it again
 * changes nothing. Results of our own do not have their study classified.
 * @throws InstanceConflict where another object with its SOPInstanceUID was recorded first, or its study is another
 *   patient's. The object is recorded as one in conflict then.
 */
export async function recordInstance(context: Context, received: Received, origin: Origin): Promise<void> {
  const { instance } = received;
  const settle = origin.arriving && !isOwnResult(instance) ? settleDelays(context) : null;
  if (await recordInSeries(context, received, settle)) return;
  // An Enhanced object may hold thousands of frames, for which Prisma's five seconds are too short on a slow disk.
  const limits = { timeout: 60_000, maxWait: 10_000 };
  const recorded = await context.prisma.$transaction((tx) => record(tx, received, origin, settle), limits);
  if (typeof recorded === 'string') return remember(context, instance, recorded);
  await setAside(context, received, recorded, origin, settle);
  throw new InstanceConflict(
    recorded.kind === 'OTHER_BYTES'
      ? 'Another object with the same SOPInstanceUID was here first. Both files are kept; the first one is used.'
      : "The study of this object is another patient's. The object is kept, and not used. See resolveConflicts.",
  );
}

/** @returns the id of the series; or the conflict, where nothing was changed. */
async function record(
  tx: Prisma.TransactionClient,
  received: Received,
  origin: Origin,
  settle: SettleDelays | null,
): Promise<string | Conflict> {
  const { instance } = received;
  const before = await findFirst(tx, received);
  if (before?.conflict) return before.conflict;
  const study = await findOrCreateStudy(tx, received, origin);
  if (study === null) throw new Error('The study was deleted while its object was recorded'); // the sender tries again
  // Once more, now that nobody else can record an object of the study.
  const first = await findFirst(tx, received);
  if (first?.conflict) return first.conflict;
  if (!isOwnResult(instance) && !first) {
    const known = study.receivedPatient as StudyPatient | null;
    const patient = patientOf(instance);
    if (known && isOtherPatient(known, patient)) return { kind: 'OTHER_PATIENT', studyId: study.id, firstPath: null };
    await rememberPatient(tx, study, received, origin, known ? fillMissing(known, patient) : patient);
  }
  if (study.uploaded && !origin.uploaded && !isOwnResult(instance))
    await tx.study.update({ where: { id: study.id }, data: { uploaded: false, status: 'RECEIVING' } });
  if (!first && settle) await noteArrival(tx, study.id, settle);
  return storeInstance(tx, study, received);
}

/**
 * What was recorded under the object's SOPInstanceUID before; null: nothing. `conflict`: null where it is the same
 * object.
 */
async function findFirst(
  tx: Prisma.TransactionClient,
  { instance, sha256 }: Received,
): Promise<{ conflict: Conflict | null } | null> {
  const first = await tx.instance.findUnique({
    where: { sopInstanceUid: instance.sopInstanceUid },
    select: { sha256: true, path: true, series: { select: { studyId: true } } },
  });
  if (!first) return null;
  const { path: firstPath, series } = first;
  return { conflict: first.sha256 === sha256 ? null : { kind: 'OTHER_BYTES', studyId: series.studyId, firstPath } };
}

/** Finds or creates the study and locks it, so that of two objects that come at once one is the first. */
async function findOrCreateStudy(
  tx: Prisma.TransactionClient,
  { instance }: Received,
  { pacs, uploaded = false }: Origin,
): Promise<Study | null> {
  const { studyInstanceUid } = instance;
  await tx.study.createMany({
    data: [{ studyInstanceUid, ...studyFacts(instance), modalities: [], pacs, evidenceCode: 'ARRIVED', uploaded }],
    skipDuplicates: true,
  });
  await tx.$executeRaw`SELECT 1 FROM "Study" WHERE "studyInstanceUid" = ${studyInstanceUid} FOR NO KEY UPDATE`;
  return tx.study.findUnique({ where: { studyInstanceUid } });
}

/** Stores the patient that the first object names. Later objects add what it did not say, and change nothing. */
async function rememberPatient(
  tx: Prisma.TransactionClient,
  study: Study,
  { instance }: Received,
  { pacs }: Origin,
  patient: StudyPatient,
): Promise<void> {
  const before = study.receivedPatient as StudyPatient | null;
  if (before && JSON.stringify(before) === JSON.stringify(patient)) return;
  const facts = studyFacts(instance);
  const missing = Object.entries(facts).filter(([column]) => study[column as keyof typeof facts] === null);
  await tx.study.update({
    where: { id: study.id },
    data: before
      ? { receivedPatient: patient, ...Object.fromEntries(missing) }
      : { receivedPatient: patient, receivedFrom: pacs, ...facts },
  });
}

/** Stores series, instance and slices of an object of this study. @returns the id of the series. */
export async function storeInstance(tx: Prisma.TransactionClient, study: Study, received: Received): Promise<string> {
  const { instance, path, sha256, bytes } = received;
  const { seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid } = instance;
  const modality = instance.modality ?? 'OT'; // PS3.3 C.7.3.1.1.1: "other"
  if (!study.modalities.includes(modality))
    await tx.study.update({ where: { id: study.id }, data: { modalities: { push: modality } } });
  const series = await tx.series.upsert({
    where: { studyId_seriesInstanceUid: { studyId: study.id, seriesInstanceUid } },
    create: {
      studyId: study.id,
      seriesInstanceUid,
      modality,
      description: instance.seriesDescription,
      seriesNumber: instance.seriesNumber,
      bodyPart: instance.bodyPartExamined,
      station: instance.stationName,
    },
    update: {},
  });
  const file = { sopClassUid, transferSyntaxUid, path, sha256, bytes, ownResult: isOwnResult(instance) };
  const stored = await tx.instance.upsert({
    where: { sopInstanceUid },
    create: { seriesId: series.id, sopInstanceUid, ...file },
    update: { path }, // the same bytes again, where the file that was kept first is damaged
  });
  const owner = { instanceId: stored.id, seriesId: series.id };
  const slices = slicesOf(instance).map((slice) => ({ ...slice, ...owner }));
  await tx.slice.createMany({ data: slices, skipDuplicates: true });
  return series.id;
}
