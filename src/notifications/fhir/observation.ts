import { INTENDED_USE } from '../../about.js';
import { type LabelProbability, probabilityIn } from '../../inference/decide.js';
import { percent } from '../../statistics/percent.js';
import {
  ABSTENTION_REASON_SYSTEM,
  type CodeableConcept,
  concept,
  DICOM,
  labelConcept,
  type Resource,
  SNOMED_CT,
  UCUM,
  urn,
} from './codes.js';
import { abstention, type FindingFacts, limits, MASKED_PATIENT, ofUnsureKind, type StudyFacts } from './facts.js';

/**
 * Writes the finding (R4 Observation): a value and its certainty, or the reason why there is none (obs-6: never both).
 */
export function writeObservation(facts: StudyFacts, finding: FindingFacts): Resource {
  const { model, study, time } = facts;
  const value = findingConcept(facts, finding);
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    category: [concept('http://terminology.hl7.org/CodeSystem/observation-category', 'imaging', 'Imaging')],
    code: concept(DICOM, '121071', 'Finding'),
    subject: MASKED_PATIENT,
    issued: time.toISOString(),
    ...(value ? { valueCodeableConcept: value } : absent(finding)),
    note: [{ text: `${INTENDED_USE}${limits(facts).replace(/^(?=.)/, '.')}` }],
    method: { text: `${model.name} ${model.version}` },
    device: { reference: urn('Device', model.id) },
    derivedFrom: [{ reference: urn('ImagingStudy', study.id) }],
    ...(value && { component: [certainty(finding.abstained ? presence(facts, finding) : finding.confidence)] }),
  };
}

/** The finding as a concept: its label, or a neoplasm of unsure kind; null where the model abstains. */
export function findingConcept({ codes }: StudyFacts, finding: FindingFacts): CodeableConcept | null {
  const kinds = ofUnsureKind(finding);
  if (kinds) return concept(SNOMED_CT, '108369006', 'Neoplasm', kinds);
  return finding.abstained ? null : labelConcept(finding.label, codes);
}

/** HL7's code for a missing value, and our code of the reason. */
function absent(finding: FindingFacts) {
  const system = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';
  const { coding = [], text } = concept(system, 'unknown', 'Unknown', abstention(finding));
  const reason = finding.abstentionReason ?? 'LOW_CONFIDENCE';
  const own = { system: ABSTENTION_REASON_SYSTEM, code: reason, display: reason };
  return { dataAbsentReason: { coding: [...coding, own], text } };
}

/** Probability that there is a finding, of whatever kind. */
function presence({ normalLabel }: StudyFacts, { probabilities }: FindingFacts): number {
  return 1 - probabilityIn(probabilities as LabelProbability[], normalLabel);
}

/**
 * Certainty in percent. `confidence`: the mean calibrated probability over the slices that the finding rests on, 0–1.
 */
function certainty(confidence: number) {
  return {
    code: concept(DICOM, '111012', 'Certainty of Finding'),
    valueQuantity: { value: Number(percent(confidence)), unit: '%', system: UCUM, code: '%' },
  };
}
