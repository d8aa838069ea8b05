import { describe, expect, it } from 'vitest';
import { chiSquareQuantile, compare, type Mix, totalVariation } from '../../src/evaluation/drift.js';

function mix(change: Partial<Mix> = {}, [glioma, none] = [0.3, 0.7]): Mix {
  return {
    studies: 100,
    answers: 2000,
    labels: [
      { label: 'glioma', share: glioma as number },
      { label: 'no_tumor', share: none as number },
    ],
    meanConfidence: 0.9,
    spread: 0.1,
    abstentionRate: 0.2,
    ...change,
  };
}

describe('the distance of two mixes of labels', () => {
  it('is the share of answers that would have to change', () => {
    expect(totalVariation(mix(), mix({}, [0.55, 0.45]))).toBeCloseTo(0.25, 12);
    expect(totalVariation(mix(), mix())).toBe(0);
    const other = { labels: [{ label: 'pituitary', share: 1 }] };
    expect(totalVariation(mix(), other)).toBeCloseTo(1, 12);
  });
});

describe('the alarm of drift', () => {
  it('is silent where all is as it was', () => {
    expect(compare(mix(), mix())).toMatchObject({ alarm: false, reasons: [] });
  });

  it('sounds for a mix of labels that is far off and no chance', () => {
    // scipy.stats.chi2_contingency([[30, 70], [55, 45]], correction=False): 12.8, p = 0.0004
    expect(compare(mix({}, [0.55, 0.45]), mix())).toMatchObject({ alarm: true, reasons: ['LABELS'] });
    // 50 studies: 8.8, p = 0.003: as far, but it may be chance
    expect(compare(mix({ studies: 50 }, [0.55, 0.45]), mix())).toMatchObject({ alarm: false });
  });

  it('is silent for a mix that is surely, but hardly, another', () => {
    const many = { studies: 100_000 };
    expect(compare(mix(many, [0.35, 0.65]), mix(many))).toMatchObject({ alarm: false });
    expect(compare(mix(many, [0.42, 0.58]), mix(many))).toMatchObject({ alarm: true });
  });

  it('sounds for confidences that fell, and for abstentions that grew', () => {
    // 0.1 · √(1/100 + 1/100) · 3.29 = 0.0465
    expect(compare(mix({ meanConfidence: 0.84 }), mix())).toMatchObject({ alarm: true, reasons: ['CONFIDENCE'] });
    expect(compare(mix({ meanConfidence: 0.84, spread: 0.3 }), mix())).toMatchObject({ alarm: false });
    expect(compare(mix({ abstentionRate: 0.45 }), mix())).toMatchObject({ alarm: true, reasons: ['ABSTENTIONS'] });
    expect(compare(mix({ abstentionRate: 0.35 }), mix())).toMatchObject({ alarm: false }); // z = 2.4
  });

  it('neither sounds nor is cleared by fewer than 30 studies', () => {
    expect(compare(mix({ studies: 29 }, [1, 0]), mix())).toMatchObject({ alarm: null, reasons: [] });
    expect(compare(mix({ studies: 30 }, [1, 0]), mix())).toMatchObject({ alarm: true });
  });

  it('knows the 99.9 % of χ² to 4 %, and never below', () => {
    // scipy.stats.chi2.ppf(0.999, df)
    for (const [degrees, exact] of [
      [1, 10.8276],
      [2, 13.8155],
      [3, 16.2662],
      [7, 24.3219],
    ] as const) {
      expect(chiSquareQuantile(degrees) / exact).toBeGreaterThan(1);
      expect(chiSquareQuantile(degrees) / exact).toBeLessThan(1.04);
    }
  });
});
