import { createHash } from 'node:crypto';
import type { Study as StudyRow } from '../generated/prisma/client.js';
import { shownPatient } from '../intake/instanceFacts.js';
import type { PatientAttributes } from '../pacs/header/parse.js';
import type { Patient } from '../schema/study.js';
import { may, noteAccess, type Request } from './request.js';

/** Null for callers who may not see identity; the audit says that the others saw it. */
export function showPatient(study: StudyRow, request: Request): Patient | null {
  if (!may(request, 'identity')) return null;
  noteAccess(request, 'READ_IDENTITY', study.studyInstanceUid);
  return toPatient(shownPatient(study), study.id.replace(/^study-/, 'patient-'));
}

/** The study's id for the patient's: clients keep objects by id, and a PatientID is unique within its issuer only. */
export function studyOfPatient(id: string): string {
  return id.replace(/^patient-/, 'study-');
}

/** The patient of a study that an archive has. */
export function showArchivedPatient(
  { patient, studyInstanceUid, pacs }: { patient: PatientAttributes; studyInstanceUid: string; pacs: string },
  request: Request,
): Patient | null {
  if (!may(request, 'identity')) return null;
  noteAccess(request, 'READ_IDENTITY', studyInstanceUid);
  const digest = createHash('sha256')
    .update(JSON.stringify([pacs, studyInstanceUid, patient]))
    .digest('hex');
  const uuid = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return toPatient(patient, `patient-${uuid}`);
}

function toPatient({ name, id: patientId, issuer, birthDate, sex }: PatientAttributes, id: string): Patient {
  return { name, patientId, issuer, birthDate, sex, id };
}
