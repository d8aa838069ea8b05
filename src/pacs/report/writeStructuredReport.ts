import { COMPREHENSIVE_3D_SR } from '../header/sopClasses.js';
import { writeInstance } from '../write/writeInstance.js';
import { codeItem } from './contentItem.js';
import { evidence } from './evidence.js';
import { measurementReport, referencesOf } from './measurementReport.js';
import type { StudyReport } from './report.js';
import { CODES, PRIVATE_SCHEME } from './vocabulary.js';
import { commonAttributes } from './writtenObject.js';

/**
 * Writes a study's answer as a Comprehensive 3D SR (PS3.3 A.35.13), a Part 10 file. The same report gives the same
 * bytes.
 * The report is UNVERIFIED, because no reader has seen it. It is PARTIAL unless the study is proven complete.
 */
export function writeStructuredReport(report: StudyReport): Buffer {
  const { source, completeness, predecessor } = report;
  return writeInstance({
    ...commonAttributes(report),
    SOPClassUID: COMPREHENSIVE_3D_SR,
    Modality: 'SR',
    SeriesDescription: 'MRIMaster report - research use only',
    ReferencedPerformedProcedureStepSequence: [],
    CodingSchemeIdentificationSequence: [
      {
        CodingSchemeDesignator: PRIVATE_SCHEME,
        CodingSchemeName: 'MRIMaster codes',
        CodingSchemeResponsibleOrganization: 'MRIMaster',
      },
    ],
    CompletionFlag: completeness.proven ? 'COMPLETE' : 'PARTIAL',
    CompletionFlagDescription: completeness.proven ? 'Study complete' : 'Not proven that the study is complete',
    VerificationFlag: 'UNVERIFIED',
    ...unlessEmpty(
      'CurrentRequestedProcedureEvidenceSequence',
      evidence(source.studyInstanceUid, referencesOf(report)),
    ),
    ...unlessEmpty('PredecessorDocumentsSequence', evidence(source.studyInstanceUid, predecessor ? [predecessor] : [])),
    PerformedProcedureCodeSequence: isOfBrain(report) ? [codeItem(CODES.brainMri)] : [],
    ...measurementReport(report),
  });
}

/** Whether the model accepted the images as MR of a brain, as far as its answer says. */
function isOfBrain({ answer }: StudyReport): boolean {
  if (answer.outcome === 'ABSTAINED')
    return answer.reason !== 'NOT_A_BRAIN_MR' && answer.reason !== 'OUT_OF_DISTRIBUTION';
  return answer.outcome !== 'FAILED';
}

/** A sequence of type 1C, which must be absent rather than empty. */
function unlessEmpty<T>(keyword: string, items: T[]): Record<string, T[]> {
  return items.length > 0 ? { [keyword]: items } : {};
}
