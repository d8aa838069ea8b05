import { LIMITS } from '../../about.js';
import { ABSTENTIONS, type AbstentionReason } from '../../wording/abstentions.js';
import { inWords, isOfUnsureKind, sayKinds } from '../../wording/sayAnswer.js';

/** What is told of a study: of its images and of us, not of the patient. */
export type StudyFacts = {
  study: { id: string; studyInstanceUid: string; modalities: readonly string[]; failureCode: string | null };
  numberOfSeries: number;
  numberOfInstances: number;
  /** Null where it has failed, or nothing in it was fit to be classified. */
  finding: FindingFacts | null;
  model: { id: string; name: string; version: string };
  /** By label, as the model's manifest has them. */
  codes: Readonly<Record<string, { scheme: string; code: string; meaning: string }>>;
  /** All that the model can say, and which of it means "nothing found". */
  labels?: readonly string[];
  normalLabel?: string | undefined;
  time: Date;
};

export type FindingFacts = {
  id: string;
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: AbstentionReason | null;
  /** Of one whose kind is not sure: what it may be, and how likely each label is. */
  kinds?: readonly string[];
  probabilities?: unknown;
};

/** "The model gives no answer: too few slices could be judged." */
export function abstention({ abstentionReason }: FindingFacts): string {
  return `The model gives no answer: ${ABSTENTIONS[abstentionReason ?? 'LOW_CONFIDENCE'].sentence}.`;
}

/** "Tumour, kind not sure: glioma 55.0 % or meningioma 43.1 %."; null where the kind is told, or nothing is found. */
export function ofUnsureKind(finding: FindingFacts): string | null {
  return isOfUnsureKind(finding) ? `Tumour, kind not sure: ${sayKinds(finding)}.` : null;
}

/** What a finding that nothing was found holds for; "" of any other one. */
export function limits({ finding, labels = [], normalLabel }: StudyFacts): string {
  if (!finding || finding.abstained || finding.label !== normalLabel) return '';
  const kinds = labels.filter((label) => label !== normalLabel).map(inWords);
  return `${kinds.length > 0 ? ` It looked for: ${kinds.join(', ')}.` : ''} ${LIMITS}.`;
}

/**
 * Whose it is. A Reference (R4) has a reference, an identifier or a display; who may not tell the patient says so instead.
 */
export const MASKED_PATIENT = {
  type: 'Patient',
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};
