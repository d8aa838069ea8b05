import type { Estimate } from './estimate.js';
import { studentQuantile } from './student.js';

/**
 * The number of groups of equal size that groups of these sizes are worth (Kish, Survey Sampling, 1965, 8.2). One long
 * study and nine short ones are worth less than ten.
 */
export function effectiveGroups(sizes: readonly number[]): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const squares = sizes.reduce((sum, size) => sum + size ** 2, 0);
  return squares === 0 ? 0 : total ** 2 / squares;
}

/**
 * Quantile of Student's t for a variance estimated from this many effective groups, with at least half a degree of
 * freedom.
 */
export function quantileOf(groups: number): number {
  return studentQuantile(Math.max(0.5, groups - 1));
}

/**
 * The jackknife variance of a figure of summed counts, leaving out one group at a time (Efron and Stein, Ann Stat
 * 1981;9:586). It is the sandwich estimate that errs on the wide side for few or unequal groups (CR3; MacKinnon and
 * Webb, Can J Econ 2018;51:1046).
 * @param groups counts of each group, all of one length; at least two groups.
 * @param figure of their sums; null where it is not defined.
 * @returns null where the figure is not defined without one of the groups.
 */
export function jackknifeVariance(
  groups: readonly (readonly number[])[],
  figure: (sums: readonly number[]) => number | null,
): number | null {
  const sums = totals(groups);
  const whole = figure(sums);
  if (whole === null || groups.length < 2) return null;
  let squares = 0;
  for (const group of groups) {
    const without = figure(sums.map((sum, at) => sum - (group[at] as number)));
    if (without === null) return null;
    squares += (without - whole) ** 2;
  }
  return ((groups.length - 1) / groups.length) * squares;
}

/**
 * A figure between 0 and 1 of summed counts, with its 95 % interval. The interval is computed on the scale of log odds,
 * where the figure is closer to normal, by Student's t of the effective number of groups. The slices of a study are one
 * group.
 * @param sizeOf the weight of a group.
 * @returns an estimate without bounds where nothing tells how sure it is: with one group only, where all resamples are
 *   alike (as when every answer is right), and where one group decides whether there is a figure at all.
 */
export function jackknife(
  groups: readonly (readonly number[])[],
  figure: (sums: readonly number[]) => number | null,
  sizeOf: (group: readonly number[]) => number,
): Estimate | null {
  const known = groups.filter((group) => sizeOf(group) > 0);
  const value = known.length === 0 ? null : figure(totals(known));
  if (value === null) return null;
  const variance = jackknifeVariance(known, figure);
  if (!variance || value <= 0 || value >= 1) return { value, low: null, high: null };
  const logOdds = Math.log(value / (1 - value));
  const half = (quantileOf(effectiveGroups(known.map(sizeOf))) * Math.sqrt(variance)) / (value * (1 - value));
  const back = (odds: number) => 1 / (1 + Math.exp(-odds));
  return { value, low: back(logOdds - half), high: back(logOdds + half) };
}

function totals(groups: readonly (readonly number[])[]): number[] {
  const width = groups[0]?.length ?? 0;
  return Array.from({ length: width }, (_, at) => groups.reduce((sum, group) => sum + (group[at] as number), 0));
}
