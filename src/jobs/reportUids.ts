import type { Model, ReportKind, Study } from '../generated/prisma/client.js';
import { resultUids } from '../pacs/report/resultUids.js';

/**
 * The SOP instance UIDs of the reports of a revision. They are known before anything is written, and the same at each
 * attempt.
 */
export function reportUids(study: Study, model: Model, revision: number): Record<ReportKind, string> {
  const { report, overlay } = uidsOf(study, model, revision);
  return { STRUCTURED_REPORT: report.sopInstanceUid, SECONDARY_CAPTURE: overlay.sopInstanceUid };
}

/**
 * All UIDs of a revision's reports. They follow from study and model, and so are the same in a database that was made
 * anew.
 */
export function uidsOf({ studyInstanceUid }: Study, { name, version }: Model, revision: number) {
  return resultUids(`${studyInstanceUid} by ${name} ${version}`, revision);
}
