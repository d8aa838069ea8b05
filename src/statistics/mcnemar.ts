/** How often only the first, and only the second, of two models was right in one study. */
export type Discordant = { onlyFirst: number; onlySecond: number };

/**
 * Largest product of studies and discordant answers for the exact test. Beyond it the normal distribution is as good
 * and immediate.
 */
const MOST_EXACT = 100_000_000;

/**
 * McNemar's test with studies as clusters, two-sided: whether two models that answered the same things are equally
 * often right.
 * Only answers count on which one model is right and the other is not (McNemar, Psychometrika 1947;12:153). The slices
 * of a study are alike, so a study counts as a whole. If the models are equal, its difference is as likely to favour
 * one as the other. The p value is exact over all such signs (Fisher's randomization; for clusters: Datta and Satten,
 * Biometrics 2008;64:501). Where each study has one discordant answer, it is the exact McNemar test.
 * @returns p, 0–1; 1 where the models never differ.
 */
export function mcnemar(studies: readonly Discordant[]): number {
  const differences = studies
    .map(({ onlyFirst, onlySecond }) => onlyFirst - onlySecond)
    .filter((difference) => difference !== 0);
  const observed = Math.abs(differences.reduce((sum, difference) => sum + difference, 0));
  const sizes = differences.map(Math.abs);
  const most = sizes.reduce((sum, size) => sum + size, 0);
  if (observed === 0) return 1;
  if (sizes.length * most > MOST_EXACT)
    return normal(observed / Math.sqrt(sizes.reduce((sum, size) => sum + size ** 2, 0)));
  const chances = signedSums(sizes, most);
  // Only the tail is summed: 1 minus the rest would lose its digits.
  let tail = 0;
  for (let sum = observed; sum <= most; sum++) tail += chances[sum + most] as number;
  return Math.min(1, 2 * tail);
}

/** Probability of each sum of these numbers with random signs; that of `sum` is at index `sum + most`. */
function signedSums(sizes: readonly number[], most: number): Float64Array {
  let chances = new Float64Array(2 * most + 1);
  chances[most] = 1;
  let reached = 0;
  for (const size of sizes) {
    const next = new Float64Array(2 * most + 1);
    for (let at = most - reached; at <= most + reached; at++) {
      const half = (chances[at] as number) / 2;
      if (half === 0) continue;
      next[at - size] = (next[at - size] as number) + half;
      next[at + size] = (next[at + size] as number) + half;
    }
    chances = next;
    reached += size;
  }
  return chances;
}

/** Two-sided p of the standard normal distribution (Abramowitz and Stegun 7.1.26, to 1.5e-7). */
function normal(z: number): number {
  const t = 1 / (1 + (0.3275911 * z) / Math.SQRT2);
  const terms = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const series = terms.reduceRight((sum, term) => (sum + term) * t, 0);
  return series * Math.exp(-(z ** 2) / 2);
}
