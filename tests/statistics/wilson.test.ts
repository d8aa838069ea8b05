import { describe, expect, it } from 'vitest';
import { studentQuantile } from '../../src/statistics/student.js';
import { proportion, wilson } from '../../src/statistics/wilson.js';

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
    // NumPy and SciPy 1.10: the delete-one jackknife's standard error is 0.15794, 5.7078 effective groups, t of 4.7078
    // degrees 2.6193; 5.1714 of 50 observations; bounds by brentq on the score equation.
    const hits = [9, 2, 10, 4, 7, 0];
    const counts = [10, 8, 10, 10, 7, 5];
    const studies = hits.map((hit, at) => ({ hits: hit, count: counts[at] as number }));
    const interval = proportion(studies);
    expect(interval?.value).toBeCloseTo(0.64, 12);
    expect(interval?.low).toBeCloseTo(0.26132765695302906, 6);
    expect(interval?.high).toBeCloseTo(0.8993304999454004, 6);
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

  it('counts a long study among short ones for what it is: one study', () => {
    const long = { hits: 180, count: 200 };
    const short = Array.from({ length: 9 }, (_, index) => ({ hits: index % 3 ? 5 : 4, count: 5 }));
    const equal = Array.from({ length: 10 }, (_, index) => ({ hits: index % 3 ? 24 : 20, count: 24 }));
    const width = (of: ReturnType<typeof proportion>) => (of?.high as number) - (of?.low as number);
    expect(width(proportion([long, ...short]))).toBeGreaterThan(3 * width(proportion(equal)));
  });

  it('knows Student’s t', () => {
    // scipy.stats.t.ppf(0.975, degrees)
    const expected = [
      [0.5, 164.557673],
      [1, 12.706204736432095],
      [2, 4.302652729749462],
      [4.7078, 2.61931988],
      [6, 2.4469118511449786],
      [30, 2.0422724563012378],
      [1000, 1.9623390808264078],
    ] as const;
    for (const [degrees, quantile] of expected) expect(studentQuantile(degrees) / quantile).toBeCloseTo(1, 8);
  });
});
