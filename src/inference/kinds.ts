import { type LabelProbability, probabilityIn } from './decide.js';
import { type Labelled, probabilityOf } from './slicePrediction.js';

/**
 * Least share of the probability of all kinds that the likeliest kind needs to be named: twice as likely as all others
 * together.
 */
const SURE_SHARE = 2 / 3;
/** Least share of a kind that is mentioned as possible. */
const LEAST_SHARE = 0.1;

/** The mean probability of each label over slices, in the model's order. */
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
 * The likeliest kind of a finding, leaving out the normal label.
 * @returns `sure`: whether the kind may be named. It must not be less likely than the normal label. `kinds`: the
 *   possible kinds, likeliest first.
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
