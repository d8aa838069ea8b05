import type { LabelProbability } from './decide.js';

/**
 * What a study's answer is made of: a slice's verdict and its place. `position`: from 0, along the series' normal;
 * `location`: mm along it, null where it is not known. `probabilities`: none of a slice that failed.
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

/** Why a study as a whole has no answer, where it is not for what its slices lack. */
export type StudyReason = 'TOO_SMALL' | 'KINDS_DISAGREE' | 'TOO_FEW_SLICES';

/** One that has a label, be it a guess. */
export type Labelled = SlicePrediction & { label: string; confidence: number };

export const hasLabel = (verdict: SlicePrediction): verdict is Labelled =>
  verdict.status !== 'FAILED' && verdict.label !== null && verdict.confidence !== null;

export const isAnswer = (verdict: SlicePrediction): verdict is Labelled =>
  verdict.status === 'CLASSIFIED' && hasLabel(verdict);

/** Not of what the model was made from: what it says of such a slice is worth nothing. */
export const isUnknown = ({ abstentionReason }: SlicePrediction): boolean =>
  abstentionReason === 'OUT_OF_DISTRIBUTION' || abstentionReason === 'NOT_A_BRAIN_MR';

/** What a slice gives a label. */
export function probabilityOf({ probabilities, label, confidence }: Labelled, wanted: string): number {
  const given = probabilities.find((candidate) => candidate.label === wanted)?.probability;
  return given ?? (label === wanted ? confidence : 0);
}

/** How likely a slice has any finding. */
export function presenceOf(slice: Labelled, normalLabel: string): number {
  const given = slice.probabilities.some(({ label }) => label === normalLabel);
  if (given || slice.label === normalLabel) return 1 - probabilityOf(slice, normalLabel);
  return slice.confidence;
}
