import { COMPREHENSIVE_3D_SR } from '../header/sopClasses.js';
import { writeInstance } from '../write/writeInstance.js';
import { codeItem } from './contentItem.js';
import { evidence } from './evidence.js';
import { measurementReport, referencesOf } from './measurementReport.js';
import type { StudyReport } from './report.js';
import { CODES, PRIVATE_SCHEME } from './vocabulary.js';
import { commonAttributes } from './writtenObject.js';

/**
 * A study's answer as a Comprehensive 3D SR (PS3.3 A.35.13), a Part 10 file; the same bytes for the same report.
 * Nobody has verified it, and it is PARTIAL where it is not proven that all of the study was here.
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
    ...listed('CurrentRequestedProcedureEvidenceSequence', evidence(source.studyInstanceUid, referencesOf(report))),
    ...listed('PredecessorDocumentsSequence', evidence(source.studyInstanceUid, predecessor ? [predecessor] : [])),
    PerformedProcedureCodeSequence: wasOfTheBrain(report) ? [codeItem(CODES.brainMri)] : [],
    ...measurementReport(report),
  });
}

/** Whether the model took the images for MR of a brain, as far as it says. */
function wasOfTheBrain({ answer }: StudyReport): boolean {
  if (answer.outcome === 'ABSTAINED')
    return answer.reason !== 'NOT_A_BRAIN_MR' && answer.reason !== 'OUT_OF_DISTRIBUTION';
  return answer.outcome !== 'FAILED';
}

/** A sequence of type 1C: absent rather than empty. */
function listed<T>(keyword: string, items: T[]): Record<string, T[]> {
  return items.length > 0 ? { [keyword]: items } : {};
}
