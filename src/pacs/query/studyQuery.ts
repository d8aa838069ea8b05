/**
 * What studies are searched for. Matching is that of C-FIND (PS3.4 C.2.2.2): exact, with * and ?, and date ranges
 * "20260101-20260131".
 */
export type StudyQuery = {
  studyInstanceUid?: string;
  patientId?: string;
  patientName?: string;
  accessionNumber?: string;
  studyDate?: string;
  modalitiesInStudy?: string;
  /** Most matches that are returned, all by default. */
  limit?: number;
  /** How many matches are left out first. */
  offset?: number;
};
