import { INTENDED_USE } from '../../about.js';
import { inPercent } from '../../statistics/percent.js';
import { inWords } from '../../wording/sayAnswer.js';
import { concept, LOINC, type Resource, urn } from './codes.js';
import { abstention, limits, MASKED_PATIENT, ofUnsureKind, type StudyFacts } from './facts.js';
import { findingConcept } from './observation.js';

/** The report that holds the finding (R4 DiagnosticReport); `cancelled` where there is nothing to report on. */
export function writeDiagnosticReport(facts: StudyFacts): Resource {
  const { finding, study, time } = facts;
  const value = finding && findingConcept(facts, finding);
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
    ...(value && { conclusionCode: [value] }),
  };
}

function conclude(facts: StudyFacts): string {
  const { finding, model, study } = facts;
  const by = `${model.name} ${model.version}`;
  if (!finding) return `Not classified by ${by}${study.failureCode ? ` (${study.failureCode})` : ''}.`;
  if (finding.abstained) return `${by}: ${ofUnsureKind(finding) ?? abstention(finding)}`;
  return `${by}: ${inWords(finding.label)}, certainty ${inPercent(finding.confidence)}.${limits(facts)}`;
}
