import { LIMITS } from '../../about.js';
import { ABSTENTIONS } from '../../wording/abstentions.js';
import { inWords, isOfUnsureKind, sayKinds, type WordedFinding } from '../../wording/sayAnswer.js';

/** What FHIR says of a study. It holds nothing about the patient. */
export type StudyFacts = {
  study: { id: string; studyInstanceUid: string; modalities: readonly string[]; failureCode: string | null };
  numberOfSeries: number;
  numberOfInstances: number;
  /** null where the study failed, or nothing in it could be classified. */
  finding: FindingFacts | null;
  model: { id: string; name: string; version: string };
  /** Codes of labels, by label, from the model's manifest. */
  codes: Readonly<Record<string, { scheme: string; code: string; meaning: string }>>;
  /** All labels of the model, and the one that means "nothing found". */
  labels?: readonly string[];
  normalLabel?: string | undefined;
  time: Date;
};

/** What FHIR says of a finding. */
export type FindingFacts = WordedFinding & { id: string };

/** Says why there is no answer: "The model gives no answer: too few slices could be judged." */
export function abstention({ abstentionReason }: FindingFacts): string {
  return `The model gives no answer: ${ABSTENTIONS[abstentionReason ?? 'LOW_CONFIDENCE'].sentence}.`;
}

/** Says "Tumour, kind not sure: glioma 55.0 % or meningioma 43.1 %."; null for any other finding. */
export function ofUnsureKind(finding: FindingFacts): string | null {
  return isOfUnsureKind(finding) ? `Tumour, kind not sure: ${sayKinds(finding)}.` : null;
}

/** Says which tumours the model looked for, where it found none; empty for any other finding. */
export function limits({ finding, labels = [], normalLabel }: StudyFacts): string {
  if (!finding || finding.abstained || finding.label !== normalLabel) return '';
  const kinds = labels.filter((label) => label !== normalLabel).map(inWords);
  return `${kinds.length > 0 ? ` It looked for: ${kinds.join(', ')}.` : ''} ${LIMITS}.`;
}

/**
 * Stands for the patient, whom we do not name. An R4 Reference without a reference, an identifier or a display must say
 * why.
 */
export const MASKED_PATIENT = {
  type: 'Patient',
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};
