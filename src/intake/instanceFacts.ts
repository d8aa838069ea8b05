import { isoDate } from '../pacs/header/isoDate.js';
import type { Instance } from '../pacs/header/parse.js';
import type { StudyPatient } from '../pacs/header/patientIdentity.js';

/** What an object says of its study, as a row has it. */
export function studyFacts(instance: Instance) {
  const { studyDate, studyDescription } = instance;
  return { ...patientColumns(patientOf(instance)), studyDate: isoDate(studyDate), description: studyDescription };
}

/** Whose study an object, or an archive's answer, says that it is. */
export function patientOf({ patient, accessionNumber }: Pick<Instance, 'patient' | 'accessionNumber'>): StudyPatient {
  const { name, id, issuer, birthDate, sex } = patient;
  return { name, id, issuer, birthDate, sex, accessionNumber };
}

/** As the columns of Study, which show it. */
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

/** The columns' values as a patient again. */
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

/** The slices that an object is, each without the rows that it belongs to. */
export function slicesOf(instance: Instance) {
  const { rows, columns, sopInstanceUid, instanceNumber } = instance;
  if (rows === null || columns === null) return []; // a report, a presentation state: nothing to look at
  return instance.frames.map((frame, index) => ({
    sopInstanceUid,
    frameNumber: index + 1,
    instanceNumber,
    rows,
    columns,
    pixelSpacing: [...(frame.pixelSpacing ?? [])],
  }));
}
