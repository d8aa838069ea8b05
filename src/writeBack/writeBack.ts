import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.js';
import { makeOutgoing } from '../dataDir/outgoing.js';
import {
  ExplanationUnavailable,
  ModelNotFound,
  MrimasterError,
  StudyNotFound,
  WriteBackWithheld,
} from '../errors/errors.js';
import { explainPrediction } from '../explain/explainPrediction.js';
import { explanationPicture, pictureWithoutAnswer } from '../explain/renderImages.js';
import type { Report as ReportRow, Study, WithheldReason } from '../generated/prisma/client.js';
import { type Checked, checkPatient } from '../intake/checkPatient.js';
import type { Archive } from '../pacs/archive.js';
import type { StudyPatient } from '../pacs/header/patientIdentity.js';
import { COMPREHENSIVE_3D_SR } from '../pacs/header/sopClasses.js';
import type { ReportingDevice, StudyReport, WrittenObject } from '../pacs/report/report.js';
import { NEOPLASM } from '../pacs/report/vocabulary.js';
import { whenWritten } from '../pacs/report/whenWritten.js';
import { requireArchive } from '../pacs/requireArchive.js';
import type { WriteBackJob } from '../queue/writeBackQueue.js';
import { sayEvidence } from '../wording/completeness.js';
import { readInstallation } from './readInstallation.js';
import { type Result, readResult } from './readResult.js';

/** Series numbers of results. They are high, so that viewers list results after the images. */
const SERIES_NUMBERS = { STRUCTURED_REPORT: 9901, SECONDARY_CAPTURE: 9902 };
const OPACITY = 0.4;

/**
 * Writes a study's answer to an archive: a structured report and, where there is a key slice, a picture of it under its
 * heat map. Another attempt sends the same bytes under the same UIDs; what is stored already is passed over. First the
 * archive is asked whose study it is now: the result is filed under that patient.
 * @throws WriteBackWithheld where that is not sure; what the archive's client throws; PacsRefused where it does not
 *   keep an object; the decoding errors of the slice.
 */
export async function writeBack(context: Context, { pacs, ...key }: WriteBackJob, signal: AbortSignal): Promise<void> {
  const { config, prisma } = context;
  const archive = requireArchive(context, pacs);
  const rows = await prisma.report.findMany({ where: { ...key, pacs, storedAt: null } });
  if (rows.length === 0) return;
  const patient = await requirePatient(context, archive, rows, signal);
  const result = await readResult(context, key, patient);
  const device = await readInstallation(context);
  const folder = await makeOutgoing(config.dataDir);
  try {
    for (const row of rows) {
      signal.throwIfAborted();
      const bytes =
        row.kind === 'STRUCTURED_REPORT'
          ? await buildReport(context, row, result, device)
          : await buildOverlay(context, row, result, device);
      if (bytes === null) {
        await prisma.report.delete({ where: { id: row.id } }); // nothing to show
        continue;
      }
      const path = join(folder, `${row.sopInstanceUid}.dcm`);
      await writeFile(path, bytes);
      const [stored] = await archive.storeInstances([path], signal).finally(() => rm(path, { force: true }));
      if (stored?.failure) throw stored.failure;
      const data = { storedAt: new Date(), error: null, withheld: null, patient };
      await prisma.report.update({ where: { id: row.id }, data });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The patient under whom the result is filed.
 * @throws WriteBackWithheld, with the reason in the rows; the archive's errors that another attempt may not meet.
 */
async function requirePatient(
  context: Context,
  archive: Archive,
  rows: readonly ReportRow[],
  signal: AbortSignal,
): Promise<StudyPatient> {
  const { prisma } = context;
  const [row] = rows as [ReportRow, ...ReportRow[]];
  const study = await prisma.study.findUnique({ where: { id: row.studyId } });
  if (!study) throw new StudyNotFound('The study was deleted before its answer was written back.');
  const { withheld, patient } = await askWhose(context, archive, study).catch(async (error) => {
    if (!(error instanceof MrimasterError)) throw error;
    if (error.retryable && !(await answers(archive))) throw error; // the archive is down, which says nothing about the patient
    await prisma.study.update({ where: { id: study.id }, data: { withheld: 'ARCHIVE_CANNOT_BE_ASKED' } });
    if (!error.retryable) return { withheld: 'ARCHIVE_CANNOT_BE_ASKED' as const, patient: null };
    await withholdRows(context, study, rows, 'ARCHIVE_CANNOT_BE_ASKED');
    throw error;
  });
  signal.throwIfAborted();
  if (!withheld) return patient;
  await withholdRows(context, study, rows, withheld);
  throw new WriteBackWithheld(withheld);
}

async function withholdRows(
  { log, prisma }: Context,
  { studyInstanceUid }: Study,
  rows: readonly ReportRow[],
  withheld: WithheldReason,
): Promise<void> {
  await prisma.report.updateMany({ where: { id: { in: rows.map(({ id }) => id) } }, data: { withheld } });
  log.warn({ studyInstanceUid, reason: withheld }, 'An answer was not written back.');
}

/** Whether the archive answers at all. Some take objects from peers that may not search (Orthanc's default). */
async function answers(archive: Archive): Promise<boolean> {
  return archive.check().then(
    () => true,
    () => false,
  );
}

/**
 * Asks whose study it is: the archive that is written to and, where that does not have the study or does not tell, the
 * one that the study came from.
 * @throws the first archive's error, where no archive told.
 */
async function askWhose(context: Context, archive: Archive, study: Study): Promise<Checked> {
  const { studyInstanceUid, pacs } = study;
  const origin = pacs === null ? undefined : context.archives.get(pacs);
  let failure: unknown;
  for (const one of new Set([archive, ...(origin ? [origin] : [])])) {
    try {
      const [found] = await one.searchForStudies({ studyInstanceUid });
      if (found) return await checkPatient(context, study.id, { archive: one.settings.name, found });
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      failure ??= error;
    }
  }
  // What a person has decided is enough where nobody else can tell.
  if (failure && !study.decision) throw failure;
  return checkPatient(context, study.id, null);
}

async function buildReport(
  { offload, prisma }: Context,
  row: ReportRow,
  result: Result,
  device: ReportingDevice,
): Promise<Uint8Array> {
  const { study, uids, answer, kinds, examined, counts } = result;
  const before = await prisma.report.findFirst({
    where: {
      studyId: row.studyId,
      modelId: row.modelId,
      kind: row.kind,
      pacs: row.pacs,
      revision: { lt: row.revision },
    },
    orderBy: { revision: 'desc' },
  });
  const { seriesInstanceUid } = uids.report;
  const report: StudyReport = {
    ...writtenObject(result, row, device, seriesInstanceUid),
    tracking: { uid: uids.trackingUid, identifier: 'MRIMaster finding' },
    lookedFor: NEOPLASM,
    kinds,
    answer,
    examined,
    counts,
    completeness: {
      proven: study.completenessState === 'PROVEN',
      evidence: sayEvidence({ code: study.evidenceCode, parameters: study.evidenceParameters }),
    },
    predecessor: before && {
      sopClassUid: COMPREHENSIVE_3D_SR,
      sopInstanceUid: before.sopInstanceUid,
      seriesInstanceUid,
    },
  };
  return offload.writeStructuredReport(report);
}

/** The picture for the archive; null where there is no key slice, or no map of it. */
async function buildOverlay(
  context: Context,
  row: ReportRow,
  result: Result,
  device: ReportingDevice,
): Promise<Uint8Array | null> {
  const { key, uids } = result;
  if (!key) return null;
  const drawn = await drawKeySlice(context, result, key);
  if (!drawn) return null;
  const { description, ...pixels } = drawn;
  const object = writtenObject(result, row, device, uids.overlay.seriesInstanceUid);
  const { reference, imageOrientationPatient } = key;
  const overlay = { ...object, pixels, description, key: reference, imageOrientationPatient };
  return context.offload.writeSecondaryCapture(overlay);
}

/** Draws the key slice, under its heat map where the study has an answer. */
async function drawKeySlice(context: Context, { finding, model }: Result, key: NonNullable<Result['key']>) {
  if (!finding) return null;
  if (finding.abstained) return pictureWithoutAnswer(context, key.sliceId, finding, model);
  const request = { predictionId: key.predictionId, label: finding.label };
  const explanation = await explainPrediction(context, request).catch((error) => {
    if (error instanceof ExplanationUnavailable || error instanceof ModelNotFound) return null;
    throw error;
  });
  if (!explanation) return null;
  const view = { kind: 'OVERLAY' as const, opacity: OPACITY, legend: true, study: finding };
  return explanationPicture(context, explanation.id, view);
}

/** What all written objects share. Their time is that of their row, so that every attempt writes the same bytes. */
function writtenObject(
  { source, model }: Result,
  { kind, revision, sopInstanceUid, createdAt }: ReportRow,
  device: ReportingDevice,
  seriesInstanceUid: string,
): WrittenObject {
  const { name, version, sha256 } = model;
  return {
    sopInstanceUid,
    seriesInstanceUid,
    seriesNumber: SERIES_NUMBERS[kind],
    instanceNumber: revision + 1,
    written: whenWritten(createdAt, source),
    source,
    device,
    algorithm: { name, version, sha256 },
  };
}
