/** Matching as in C-FIND (PS3.4 C.2.2.2): exact, with * and ?, date ranges "20260101-20260131". */
export type StudyQuery = {
  studyInstanceUid?: string;
  patientId?: string;
  patientName?: string;
  accessionNumber?: string;
  studyDate?: string;
  modalitiesInStudy?: string;
  /** The most results wanted, all of them by default, and how many to leave out first. */
  limit?: number;
  offset?: number;
};
