import { isoDate } from './isoDate.js';
import type { Instance } from './pacs/parse.js';

/** What an object says of its study, as a row has it. */
export function studyFacts({ patient, accessionNumber, studyDate, studyDescription }: Instance) {
  return {
    patientName: patient.name,
    patientId: patient.id,
    patientBirthDate: patient.birthDate,
    patientSex: patient.sex,
    accessionNumber,
    studyDate: isoDate(studyDate),
    description: studyDescription,
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
