import type { Estimate } from './estimate.js';
import { effectiveGroups, jackknifeVariance, quantileOf } from './jackknife.js';

/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/** `hits` of `count` in one group, such as the slices of a study. */
export type Share = { hits: number; count: number };

/**
 * A proportion with its 95 % interval: Wilson's (J Am Stat Assoc 1927;22:209), with the effective number of
 * observations (Franco et al., J Surv Stat Methodol 2019;7:334), because slices of one study resemble each other.
 * @returns null where there is nothing to count; an estimate without bounds for a single group of several, which says
 *   nothing of others.
 */
export function proportion(groups: readonly Share[]): Estimate | null {
  const known = groups.filter(({ count }) => count > 0);
  const count = known.reduce((sum, share) => sum + share.count, 0);
  if (count === 0) return null;
  const value = known.reduce((sum, share) => sum + share.hits, 0) / count;
  if (known.length === 1 && count > 1) return { value, low: null, high: null };
  return wilson(value, effectiveNumber(known, value, count));
}

/** Wilson's score interval of a proportion `value` of `n`, which may have a fraction. */
export function wilson(value: number, n: number): Estimate {
  const middle = (value + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2));
  return { value, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * The number of independent observations that the groups are worth: the variance of one observation divided by that of
 * the ratio estimate (Rao and Scott, Biometrics 1992;48:577), at most the counted number. It is smaller where few or
 * unequal groups tell that variance, by Student's t (Korn and Graubard, Surv Methodol 1998;24:193).
 * Where no observation differs, nothing tells how alike those of a group are, and each effective group counts as one.
 */
function effectiveNumber(groups: readonly Share[], value: number, count: number): number {
  const single = value * (1 - value);
  if (groups.length === count) return count;
  const effective = effectiveGroups(groups.map((share) => share.count));
  if (single === 0) return effective;
  const counts = groups.map((share) => [share.hits, share.count]);
  const variance = jackknifeVariance(counts, ([hits, all]) => (all ? (hits as number) / all : null));
  return Math.min(count, single / (variance as number)) * (Z / quantileOf(effective)) ** 2;
}
