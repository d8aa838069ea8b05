import type { PatientAttributes } from '../header/parse.js';

/** A study as QIDO-RS finds it (PS3.18 10.6.3.3); what the archive does not tell is null. */
export type StudyFound = {
  studyInstanceUid: string;
  studyDate: string | null;
  studyDescription: string | null;
  accessionNumber: string | null;
  modalities: readonly string[];
  patient: PatientAttributes;
  numberOfSeries: number | null;
  numberOfInstances: number | null;
  /** The archive has it under several patients; this is the first of them. */
  ambiguous?: boolean;
};

export type SeriesFound = {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  modality: string | null;
  seriesDescription: string | null;
  seriesNumber: number | null;
  numberOfInstances: number | null;
};

export type InstanceFound = {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  sopClassUid: string | null;
  instanceNumber: number | null;
  numberOfFrames: number | null;
};

/** Archives exist that have one StudyInstanceUID under several patients: each is a match of its own. */
export function studyKey({ studyInstanceUid, patient }: StudyFound): string {
  return JSON.stringify([studyInstanceUid, patient.id, patient.issuer, patient.name]);
}
