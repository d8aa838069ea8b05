import { INTENDED_USE } from '../../about.js';
import { inPercent } from '../../statistics/percent.js';
import { inWords } from '../../wording/sayAnswer.js';
import { concept, LOINC, type Resource, urn } from './codes.js';
import { abstention, limits, MASKED_PATIENT, ofUnsureKind, type StudyFacts } from './facts.js';
import { findingConcept } from './observation.js';

/** Writes the report of a study (R4 DiagnosticReport); its status is `cancelled` where the study has no finding. */
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
    // R4's DiagnosticReport has no note, so the intended use is part of the conclusion.
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
