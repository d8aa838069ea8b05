import { INTENDED_USE } from '../intendedUse.js';
import { concept, DICOM, labelConcept, type Resource, UCUM, urn } from './codes.js';
import { abstention, type Finding, MASKED_PATIENT, percent, type StudyFacts } from './facts.js';

/** The model's finding (R4 Observation): a value and how certain it is, or why there is none (obs-6: never both). */
export function writeObservation({ codes, model, study, time }: StudyFacts, finding: Finding): Resource {
  const { confidence, label } = finding;
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    category: [concept('http://terminology.hl7.org/CodeSystem/observation-category', 'imaging', 'Imaging')],
    code: concept(DICOM, '121071', 'Finding'),
    subject: MASKED_PATIENT,
    issued: time.toISOString(),
    ...(finding.abstained ? absent(finding) : { valueCodeableConcept: labelConcept(label, codes) }),
    note: [{ text: INTENDED_USE }],
    method: { text: `${model.name} ${model.version}` },
    device: { reference: urn('Device', model.id) },
    derivedFrom: [{ reference: urn('ImagingStudy', study.id) }],
    ...(!finding.abstained && { component: [certainty(confidence)] }),
  };
}

function absent(finding: Finding) {
  const system = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';
  return { dataAbsentReason: concept(system, 'unknown', 'Unknown', abstention(finding)) };
}

/** The mean calibrated probability over the slices that the finding rests on. */
function certainty(confidence: number) {
  return {
    code: concept(DICOM, '111012', 'Certainty of Finding'),
    valueQuantity: { value: percent(confidence), unit: '%', system: UCUM, code: '%' },
  };
}
