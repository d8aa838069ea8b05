/** What is told of a study: of its images and of us, not of the patient. */
export type StudyFacts = {
  study: { id: string; studyInstanceUid: string; modalities: readonly string[]; failureCode: string | null };
  numberOfSeries: number;
  numberOfInstances: number;
  /** Null where it has failed, or nothing in it was fit to be classified. */
  finding: Finding | null;
  model: { id: string; name: string; version: string };
  /** By label, as the model's manifest has them. */
  codes: Readonly<Record<string, { scheme: string; code: string; meaning: string }>>;
  time: Date;
};

export type Finding = {
  id: string;
  label: string;
  confidence: number;
  abstained: boolean;
  abstentionReason: keyof typeof ABSTENTIONS | null;
};

const ABSTENTIONS = {
  LOW_CONFIDENCE: 'it is not sure enough',
  OUT_OF_DISTRIBUTION: 'the images are unlike what it was made from',
  NOT_A_BRAIN_MR: 'the images do not show a brain by MR',
};

/** "The model gives no answer: it is not sure enough." */
export function abstention({ abstentionReason }: Finding): string {
  return `The model gives no answer: ${ABSTENTIONS[abstentionReason ?? 'LOW_CONFIDENCE']}.`;
}

/** Per cent with one decimal; a probability is never called 100. */
export function percent(fraction: number): number {
  return Math.min(99.9, Math.round(fraction * 1000) / 10);
}

/**
 * Whose it is. A Reference (R4) has a reference, an identifier or a display; who may not tell the patient says so instead.
 */
export const MASKED_PATIENT = {
  type: 'Patient',
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};
