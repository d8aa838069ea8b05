import type { Manifest } from './manifest.js';

/**
 * Probabilities, a part of each label's given to the labels that look like it, as the manifest's `calibration.lookalikes` says.
 *
 * Where two kinds cannot be told apart by their looks, a model that has mostly seen one of them is sure of it, and wrong
 * with every patient who has the other. Of what looks like that, a part is the other, however sure the model is.
 * @param probabilities one per label, in the manifest's order; their sum stays what it is.
 */
export function shareWithLookalikes(
  probabilities: readonly number[],
  { labels, calibration }: Pick<Manifest, 'labels' | 'calibration'>,
): number[] {
  const result = [...probabilities];
  for (const { label, as, share } of calibration?.lookalikes ?? []) {
    const [from, to] = [labels.indexOf(label), labels.indexOf(as)];
    const given = share * (probabilities[from] as number);
    result[from] = (result[from] as number) - given;
    result[to] = (result[to] as number) + given;
  }
  return result;
}
