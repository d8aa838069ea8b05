import { describe, expect, it } from 'vitest';
import { mcnemar } from '../../src/statistics/mcnemar.js';

const alone = (onlyFirst: number, onlySecond: number) => [
  ...Array.from({ length: onlyFirst }, () => ({ onlyFirst: 1, onlySecond: 0 })),
  ...Array.from({ length: onlySecond }, () => ({ onlyFirst: 0, onlySecond: 1 })),
];

describe("McNemar's test", () => {
  it('of studies with a slice each is what SciPy says: 2 × binom.cdf(min(b, c), b + c, 0.5), at most 1', () => {
    const expected: [number, number, number][] = [
      [0, 0, 1],
      [3, 3, 1],
      [1, 9, 0.021484375],
      [12, 5, 0.143463134765625],
      [40, 20, 0.01348929373119186],
      [700, 800, 0.010559255466711506],
    ];
    for (const [onlyFirst, onlySecond, p] of expected) expect(mcnemar(alone(onlyFirst, onlySecond))).toBeCloseTo(p, 9);
  });

  it('counts a study whose slices all say the same once, however many they are', () => {
    for (const onlyFirst of [40, 20_001]) expect(mcnemar([{ onlyFirst, onlySecond: 0 }])).toBe(1);
    expect(mcnemar(Array.from({ length: 5 }, () => ({ onlyFirst: 4001, onlySecond: 0 })))).toBeCloseTo(2 ** -4, 12);
    expect(mcnemar(Array.from({ length: 5 }, () => ({ onlyFirst: 20, onlySecond: 0 })))).toBeCloseTo(2 ** -4, 12);
  });

  it('is the share of all signs of the studies’ differences that are as far from 0', () => {
    const differences = [5, -2, 7, 1, 3, -1, 4];
    const observed = Math.abs(differences.reduce((sum, one) => sum + one));
    let far = 0;
    for (let signs = 0; signs < 2 ** differences.length; signs++) {
      const sum = differences.reduce((total, one, at) => total + (signs & (1 << at) ? one : -one), 0);
      if (Math.abs(sum) >= observed) far++;
    }
    const studies = differences.map((one) => ({ onlyFirst: Math.max(0, one), onlySecond: Math.max(0, -one) }));
    expect(mcnemar(studies)).toBeCloseTo(far / 2 ** differences.length, 12);
    expect(mcnemar(studies.map((one) => ({ onlyFirst: one.onlySecond, onlySecond: one.onlyFirst })))).toBeCloseTo(
      far / 2 ** differences.length,
      12,
    );
  });

  it('goes over into the normal distribution where there are very many', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        at % 20 < 11 ? { onlyFirst: 5, onlySecond: 0 } : { onlyFirst: 0, onlySecond: 5 },
      );
    // 2 × norm.sf(z), SciPy: z = 0.1 × √count
    expect(mcnemar(many(3980))).toBeCloseTo(2.8e-10, 10);
    expect(mcnemar(many(4020))).toBeCloseTo(2.3e-10, 10);
  });
});
