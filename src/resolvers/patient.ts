import { createHash } from 'node:crypto';
import type { Study as StudyRow } from '../generated/prisma/client.js';
import { shownPatient } from '../intake/instanceFacts.js';
import type { PatientAttributes } from '../pacs/header/parse.js';
import type { Patient } from '../schema/study.js';
import { may, noteAccess, type Request } from './request.js';

/** The patient of a study that is here, noted for the audit. Null for callers without the right "identity". */
export function showPatient(study: StudyRow, request: Request): Patient | null {
  if (!may(request, 'identity')) return null;
  noteAccess(request, 'READ_IDENTITY', study.studyInstanceUid);
  return toPatient(shownPatient(study), study.id.replace(/^study-/, 'patient-'));
}

/** The id of the study whose patient has `id`. Each study has a patient of its own, as a PatientID is not unique. */
export function studyOfPatient(id: string): string {
  return id.replace(/^patient-/, 'study-');
}

/** The patient of a study in an archive, noted for the audit. Null for callers without the right "identity". */
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
