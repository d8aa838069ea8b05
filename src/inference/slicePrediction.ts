import type { LabelProbability } from './decide.js';

/**
 * A slice's prediction and place, from which a study's finding is made.
 * `position`: from 0, along the series' normal. `location`: mm along it; null where it is not known. `probabilities`:
 * empty for a slice that failed.
 */
export type SlicePrediction = {
  sliceId: string;
  seriesId: string;
  position: number;
  location: number | null;
  status: 'CLASSIFIED' | 'ABSTAINED' | 'FAILED';
  label: string | null;
  confidence: number | null;
  probabilities: readonly LabelProbability[];
  abstentionReason: 'LOW_CONFIDENCE' | 'OUT_OF_DISTRIBUTION' | 'NOT_A_BRAIN_MR' | StudyReason | null;
};

/** Why a slice or a study has no answer. */
export type ReasonToAbstain = NonNullable<SlicePrediction['abstentionReason']>;

/** Reasons that only a study as a whole can have. */
export type StudyReason = 'TOO_SMALL' | 'KINDS_DISAGREE' | 'TOO_FEW_SLICES';

/** A prediction with a label, even if it is only a guess. */
export type Labelled = SlicePrediction & { label: string; confidence: number };

/** Whether a prediction has a label, even if it is only a guess. */
export const hasLabel = (prediction: SlicePrediction): prediction is Labelled =>
  prediction.status !== 'FAILED' && prediction.label !== null && prediction.confidence !== null;

/** Whether a prediction is an answer: neither failed nor an abstention. */
export const isAnswer = (prediction: SlicePrediction): prediction is Labelled =>
  prediction.status === 'CLASSIFIED' && hasLabel(prediction);

/** Whether a slice is unlike the training data, so that its label means nothing. */
export const isUnknown = ({ abstentionReason }: SlicePrediction): boolean =>
  abstentionReason === 'OUT_OF_DISTRIBUTION' || abstentionReason === 'NOT_A_BRAIN_MR';

/** The probability that a slice gives a label. */
export function probabilityOf({ probabilities, label, confidence }: Labelled, wanted: string): number {
  const given = probabilities.find((candidate) => candidate.label === wanted)?.probability;
  return given ?? (label === wanted ? confidence : 0);
}

/** The probability that a slice shows any finding. */
export function presenceOf(slice: Labelled, normalLabel: string): number {
  const given = slice.probabilities.some(({ label }) => label === normalLabel);
  if (given || slice.label === normalLabel) return 1 - probabilityOf(slice, normalLabel);
  return slice.confidence;
}
