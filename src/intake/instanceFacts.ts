import { isoDate } from '../pacs/header/isoDate.js';
import type { Instance } from '../pacs/header/parse.js';
import type { StudyPatient } from '../pacs/header/patientIdentity.js';

/** What an object says of its study, as columns of Study. */
export function studyFacts(instance: Instance) {
  const { studyDate, studyDescription } = instance;
  return { ...patientColumns(patientOf(instance)), studyDate: isoDate(studyDate), description: studyDescription };
}

/** The patient that an object, or an archive's answer, names. */
export function patientOf({ patient, accessionNumber }: Pick<Instance, 'patient' | 'accessionNumber'>): StudyPatient {
  const { name, id, issuer, birthDate, sex } = patient;
  return { name, id, issuer, birthDate, sex, accessionNumber };
}

/** The patient as columns of Study. */
export function patientColumns({ name, id, issuer, birthDate, sex, accessionNumber }: StudyPatient) {
  return {
    patientName: name,
    patientId: id,
    issuerOfPatientId: issuer,
    patientBirthDate: birthDate,
    patientSex: sex,
    accessionNumber,
  };
}

/** The patient that the columns of Study show. */
export function shownPatient(row: ReturnType<typeof patientColumns>): StudyPatient {
  const { patientName, patientId, issuerOfPatientId, patientBirthDate, patientSex, accessionNumber } = row;
  return {
    name: patientName,
    id: patientId,
    issuer: issuerOfPatientId,
    birthDate: patientBirthDate,
    sex: patientSex,
    accessionNumber,
  };
}

/** The slices of an object, one a frame, as rows without their keys. */
export function slicesOf(instance: Instance) {
  const { rows, columns, sopInstanceUid, instanceNumber } = instance;
  if (rows === null || columns === null) return []; // not an image: a report, a presentation state
  return instance.frames.map((frame, index) => ({
    sopInstanceUid,
    frameNumber: index + 1,
    instanceNumber,
    rows,
    columns,
    pixelSpacing: [...(frame.pixelSpacing ?? [])],
    pixelAspect: frame.pixelAspect,
  }));
}
