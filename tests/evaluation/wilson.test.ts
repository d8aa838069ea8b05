import { describe, expect, it } from 'vitest';
import { proportion, studentQuantile, wilson } from '../../src/evaluation/wilson.js';

describe('the interval of a proportion', () => {
  // scipy.stats.binomtest(hits, count).proportion_ci(0.95, 'wilson'), SciPy 1.17.1
  it.each([
    [8, 10, 0.4901624715366418, 0.9433178485456248],
    [10, 10, 0.7224672001371109, 1],
    [0, 20, 0, 0.16112515805281935],
  ])('of %i in %i independent observations is Wilson’s', (hits, count, low, high) => {
    const interval = wilson(hits / count, count);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });

  it('takes observations that stand alone for themselves', () => {
    const alone = Array.from({ length: 100 }, (_, index) => ({ hits: index < 80 ? 1 : 0, count: 1 }));
    expect(proportion(alone)).toEqual(wilson(0.8, 100));
  });

  it('widens with slices of a study that are alike', () => {
    // NumPy and SciPy: p (1 - p) / variance of the ratio estimate = 9.2656 of 50, and 5.3865 by Student's t of 5 degrees;
    // bounds by brentq on the score equation. The delete-one jackknife's standard error is 0.15791, the one here 0.15769.
    const hits = [9, 2, 10, 4, 7, 0];
    const counts = [10, 8, 10, 10, 7, 5];
    const studies = hits.map((hit, at) => ({ hits: hit, count: counts[at] as number }));
    const interval = proportion(studies);
    expect(interval?.value).toBeCloseTo(0.64, 12);
    expect(interval?.low).toBeCloseTo(0.26658689976423255, 3);
    expect(interval?.high).toBeCloseTo(0.8968530301071569, 3);
  });

  it('counts studies, not slices, where every slice is right', () => {
    const studies = Array.from({ length: 10 }, () => ({ hits: 20, count: 20 }));
    expect(proportion(studies)?.low).toBeCloseTo(0.7224672001371109, 10); // as 10 of 10
  });

  it('has no bounds from the slices of one study, and does not exist of none', () => {
    expect(proportion([{ hits: 19, count: 20 }])).toEqual({ value: 0.95, low: null, high: null });
    expect(proportion([{ hits: 0, count: 0 }])).toBeNull();
    expect(proportion([])).toBeNull();
  });

  it('knows Student’s t', () => {
    // scipy.stats.t.ppf(0.975, degrees)
    expect(studentQuantile(30)).toBeCloseTo(2.0422724563012378, 5);
    expect(Math.abs(studentQuantile(6) / 2.4469118511449786 - 1)).toBeLessThan(0.001);
    expect(Math.abs(studentQuantile(2) / 4.302652729749462 - 1)).toBeLessThan(0.035);
  });
});
