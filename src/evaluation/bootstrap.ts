import { randomNumbers } from '../sample/noise.js';
import type { Interval } from './interval.js';

const MOST_RESAMPLES = 1000;
const FEWEST_RESAMPLES = 200;
/** Groups drawn in all: a tenth of a second or so, which nobody else is answered in. */
const MOST_DRAWS = 5_000_000;
const SEED = 1;

/**
 * A figure of summed counts with its 95 % interval, by the percentile bootstrap over groups (Efron and Tibshirani, An
 * Introduction to the Bootstrap, 1993, ch. 13): a study's slices are drawn together or not at all. 1,000 resamples, fewer
 * above 5,000 groups, 200 at least; the seed is fixed, so that the same reviews give the same figures.
 * @param groups the counts of each, all of one length.
 * @param figure of the counts' sums; null where it is not defined.
 * @returns without bounds where there is one group only, or all resamples are alike, as where every answer is right: the
 *   bootstrap would call that certain.
 */
export function bootstrap(
  groups: readonly (readonly number[])[],
  figure: (sums: readonly number[]) => number | null,
): Interval | null {
  const width = groups[0]?.length ?? 0;
  const value = figure(total(groups, width));
  if (value === null) return null;
  if (groups.length < 2) return { value, low: null, high: null };
  const resamples = Math.max(FEWEST_RESAMPLES, Math.min(MOST_RESAMPLES, Math.floor(MOST_DRAWS / groups.length)));
  const random = randomNumbers(SEED);
  const drawn: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const sums = new Array<number>(width).fill(0);
    for (let draw = 0; draw < groups.length; draw++) {
      const group = groups[Math.floor(random() * groups.length)] as readonly number[];
      for (let at = 0; at < width; at++) sums[at] = (sums[at] as number) + (group[at] as number);
    }
    const one = figure(sums);
    if (one !== null) drawn.push(one);
  }
  drawn.sort((a, b) => a - b);
  if (drawn[0] === drawn.at(-1)) return { value, low: null, high: null };
  return { value, low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
}

function total(groups: readonly (readonly number[])[], width: number): number[] {
  return Array.from({ length: width }, (_, at) => groups.reduce((sum, group) => sum + (group[at] as number), 0));
}

/** Between neighbours linearly, as numpy.percentile does. */
function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number];
  return low + (high - low) * (at - Math.floor(at));
}
