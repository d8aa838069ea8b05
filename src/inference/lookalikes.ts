import type { Manifest } from './manifest.js';

/**
 * Gives a part of each label's probability to the labels that look like it, as the manifest's `calibration.lookalikes`
 * says.
 *
 * Where two kinds look the same, a model that has mostly seen one of them is sure of it, and wrong for every patient
 * with the other. Of what looks like that kind, a known share is the other one, however sure the model is.
 * @param probabilities one for each label, in the manifest's order. Their sum does not change.
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
