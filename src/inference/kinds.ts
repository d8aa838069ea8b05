import { type LabelProbability, probabilityIn } from './decide.js';
import { type Labelled, probabilityOf } from './slicePrediction.js';

/** Share of the kinds' probability that the likeliest must have to be named: twice as likely as all others together. */
const SURE_SHARE = 2 / 3;
/** What has less of it is not worth a word. */
const LEAST_SHARE = 0.1;

/** The mean over slices of what they give each label, in the model's order. */
export function meanProbabilities(slices: readonly Labelled[]): LabelProbability[] {
  const labels = new Set(
    slices.flatMap(({ probabilities, label }) => [...probabilities.map((given) => given.label), label]),
  );
  return [...labels].map((label) => ({
    label,
    probability: slices.reduce((sum, slice) => sum + probabilityOf(slice, label), 0) / slices.length,
  }));
}

/**
 * Of what kind a finding is, the normal label left out, and whether that is sure enough to be named: no kind that is less likely
 * than that there is nothing.
 * `kinds`: what it may be, the likeliest first.
 */
export function likeliestKind(
  probabilities: readonly LabelProbability[],
  normalLabel: string,
): LabelProbability & { sure: boolean; kinds: string[] } {
  const kinds = probabilities
    .filter(({ label }) => label !== normalLabel)
    .toSorted((a, b) => b.probability - a.probability);
  const [best] = kinds as [LabelProbability, ...LabelProbability[]];
  const all = kinds.reduce((sum, { probability }) => sum + probability, 0);
  const possible = kinds.filter(({ probability }) => probability >= LEAST_SHARE * all);
  const normal = probabilityIn(probabilities, normalLabel);
  const sure = best.probability >= SURE_SHARE * all && best.probability >= normal;
  return { ...best, sure, kinds: possible.map(({ label }) => label) };
}
