import { INTENDED_USE } from '../intendedUse.js';
import { concept, LOINC, labelConcept, type Resource, urn } from './codes.js';
import { abstention, MASKED_PATIENT, percent, type StudyFacts } from './facts.js';

/** The report that holds the finding (R4 DiagnosticReport); `cancelled` where there is nothing to report on. */
export function writeDiagnosticReport(facts: StudyFacts): Resource {
  const { codes, finding, study, time } = facts;
  const answered = finding && !finding.abstained;
  return {
    resourceType: 'DiagnosticReport',
    status: finding ? 'preliminary' : 'cancelled',
    category: [concept('http://terminology.hl7.org/CodeSystem/v2-0074', 'RAD', 'Radiology')],
    code: concept(LOINC, '18748-4', 'Diagnostic imaging study'),
    subject: MASKED_PATIENT,
    issued: time.toISOString(),
    ...(finding && { result: [{ reference: urn('Observation', finding.id) }] }),
    imagingStudy: [{ reference: urn('ImagingStudy', study.id) }],
    // A report has no note: what it may be used for is part of what it says.
    conclusion: `${conclude(facts)} ${INTENDED_USE}.`,
    ...(answered && { conclusionCode: [labelConcept(finding.label, codes)] }),
  };
}

function conclude({ finding, model, study }: StudyFacts): string {
  const by = `${model.name} ${model.version}`;
  if (!finding) return `Not classified by ${by}${study.failureCode ? ` (${study.failureCode})` : ''}.`;
  if (finding.abstained) return `${by}: ${abstention(finding)}`;
  return `${by}: ${finding.label.replaceAll('_', ' ')}, certainty ${percent(finding.confidence)} %.`;
}
