import { shareWithLookalikes } from './lookalikes.js';
import type { Manifest } from './manifest.js';

/** A label's calibrated probability, 0–1. */
export type LabelProbability = { label: string; probability: number };

/** The probability of a label, 0–1; 0 where the list does not have it. */
export function probabilityIn(probabilities: readonly LabelProbability[], wanted: string | undefined): number {
  return probabilities.find(({ label }) => label === wanted)?.probability ?? 0;
}

/** A model's decision on one slice. `confidence`: calibrated probability of `label`. */
export type SliceDecision = {
  status: 'CLASSIFIED' | 'ABSTAINED';
  label: string;
  confidence: number;
  probabilities: LabelProbability[];
  abstentionReason: 'LOW_CONFIDENCE' | 'OUT_OF_DISTRIBUTION' | 'NOT_A_BRAIN_MR' | null;
  /** How unlike the training data the slice is, in the model's own measure; null where the model has none. */
  novelty: number | null;
};

/**
 * Decides on a slice by itself. Temperature scaling with the manifest's temperature (Guo et al., ICML 2017) gives
 * probabilities, lookalikes share theirs, and the likeliest label is the answer. The decision is an abstention where
 * the slice is unlike the training data, or the confidence is below the manifest's threshold, which may be another one
 * for the normal label.
 * @param logits one for each label, in the manifest's order.
 */
export function decide(logits: Float32Array, manifest: Manifest, novelty: number | null = null): SliceDecision {
  const { labels, normalLabel, calibration, abstention } = manifest;
  const values = shareWithLookalikes(softmax(logits, calibration?.temperature ?? 1), manifest);
  const probabilities = labels.map((label, index) => ({ label, probability: values[index] as number }));
  const { label } = probabilities.reduce((best, candidate) =>
    candidate.probability > best.probability ? candidate : best,
  );
  const { confidence = 0, normal = confidence } = abstention ?? {};
  return labelOrAbstention(label, probabilities, novelty, manifest, label === normalLabel ? normal : confidence);
}

/**
 * The decision for `label`, or an abstention where the slice is unlike the training data, or the label is less probable
 * than `least`.
 */
export function labelOrAbstention(
  label: string,
  probabilities: LabelProbability[],
  novelty: number | null,
  { outOfDistribution }: Manifest,
  least: number,
): SliceDecision {
  const probability = probabilityIn(probabilities, label);
  // Negated comparisons: a novelty or probability that is not a number must not give an answer.
  const unknown = outOfDistribution !== undefined && !((novelty ?? Number.NaN) <= outOfDistribution.above);
  const unsure = !(probability >= least);
  return {
    status: unknown || unsure ? 'ABSTAINED' : 'CLASSIFIED',
    label,
    confidence: probability,
    probabilities,
    abstentionReason: unknown ? 'OUT_OF_DISTRIBUTION' : unsure ? 'LOW_CONFIDENCE' : null,
    novelty,
  };
}

/** Makes an abstention of a decision. Its label stays as a guess. */
export function abstain<V extends SliceDecision>(
  decision: V,
  abstentionReason: NonNullable<SliceDecision['abstentionReason']>,
): V {
  return { ...decision, status: 'ABSTAINED', abstentionReason };
}

/** The softmax of logits at a temperature; one number for each logit, with the sum 1. */
export function softmax(logits: Float32Array, temperature: number): number[] {
  const largest = Math.max(...logits); // subtracted so that no exponential overflows
  const exponentials = Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
