import type { Manifest } from './manifest.js';

export type LabelProbability = { label: string; probability: number };

/** A model's verdict on one slice, without the slice. `confidence` is the calibrated probability of `label`. */
export type Verdict = {
  status: 'CLASSIFIED' | 'ABSTAINED';
  label: string;
  confidence: number;
  probabilities: LabelProbability[];
  abstentionReason: 'LOW_CONFIDENCE' | null;
};

/**
 * Logits to a verdict: temperature scaling (Guo et al., ICML 2017) with the manifest's temperature, then abstention
 * below the manifest's confidence threshold.
 * @param logits one per label, in the manifest's order.
 */
export function decide(logits: Float32Array, { labels, calibration, abstention }: Manifest): Verdict {
  const values = softmax(logits, calibration?.temperature ?? 1);
  const probabilities = labels.map((label, index) => ({ label, probability: values[index] as number }));
  const { label, probability } = probabilities.reduce((best, one) => (one.probability > best.probability ? one : best));
  const abstains = abstention !== undefined && probability < abstention.confidence;
  return {
    status: abstains ? 'ABSTAINED' : 'CLASSIFIED',
    label,
    confidence: probability,
    probabilities,
    abstentionReason: abstains ? 'LOW_CONFIDENCE' : null,
  };
}

function softmax(logits: Float32Array, temperature: number): number[] {
  const largest = Math.max(...logits); // subtracted so that no exponential overflows
  const exponentials = Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
