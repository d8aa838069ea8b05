import { expect, it } from 'vitest';
import { mcnemar } from '../../src/evaluation/mcnemar.js';

it('is what SciPy says: 2 × binom.cdf(min(b, c), b + c, 0.5), at most 1', () => {
  const expected: [number, number, number][] = [
    [0, 0, 1],
    [3, 3, 1],
    [1, 9, 0.021484375],
    [12, 5, 0.143463134765625],
    [40, 20, 0.01348929373119186],
    [700, 800, 0.010559255466711506],
  ];
  for (const [onlyFirst, onlySecond, p] of expected) expect(mcnemar({ onlyFirst, onlySecond })).toBeCloseTo(p, 9);
});
