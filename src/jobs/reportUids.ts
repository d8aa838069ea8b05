import type { Model, ReportKind, Study } from '../generated/prisma/client.js';
import { resultUids } from '../pacs/report/resultUids.js';

/** The UIDs of what is written of a revision: known before it is written, and the same however often that is tried. */
export function reportUids(study: Study, model: Model, revision: number): Record<ReportKind, string> {
  const { report, overlay } = uidsOf(study, model, revision);
  return { STRUCTURED_REPORT: report.sopInstanceUid, SECONDARY_CAPTURE: overlay.sopInstanceUid };
}

/** Of study and model, not of a row's id: the same also in a database that was made anew. */
export function uidsOf({ studyInstanceUid }: Study, { name, version }: Model, revision: number) {
  return resultUids(`${studyInstanceUid} by ${name} ${version}`, revision);
}
