import type { PatientAttributes } from '../header/parse.js';

/** A study that a search found (QIDO-RS, PS3.18 10.6.3.3, or C-FIND). What the archive does not tell is null. */
export type StudyFound = {
  studyInstanceUid: string;
  studyDate: string | null;
  studyDescription: string | null;
  accessionNumber: string | null;
  modalities: readonly string[];
  patient: PatientAttributes;
  numberOfSeries: number | null;
  numberOfInstances: number | null;
  /** The archive has the study under several patients; this is the first of them. */
  ambiguous?: boolean;
};

/** A series that a search found. */
export type SeriesFound = {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  modality: string | null;
  seriesDescription: string | null;
  seriesNumber: number | null;
  numberOfInstances: number | null;
};

/** An instance that a search found. */
export type InstanceFound = {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  sopClassUid: string | null;
  instanceNumber: number | null;
  numberOfFrames: number | null;
};

/**
 * The key of a study among the matches of a search. Some archives have one Study Instance UID under several patients;
 * each of these is a match of its own.
 */
export function studyKey({ studyInstanceUid, patient }: StudyFound): string {
  return JSON.stringify([studyInstanceUid, patient.id, patient.issuer, patient.name]);
}
