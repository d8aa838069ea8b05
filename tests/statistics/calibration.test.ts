import { expect, it } from 'vitest';
import { calibrate } from '../../src/statistics/calibration.js';

const CONFIDENCES = [0.26, 0.41, 0.55, 0.55, 0.62, 0.71, 0.84, 0.9, 0.93, 0.97, 0.99, 1.0, 2 / 3];
const RIGHT = [0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1];
const ANSWERS = CONFIDENCES.map((confidence, at) => ({ confidence, right: RIGHT[at] === 1 }));

it('finds the expected calibration error that training/figures.py finds', () => {
  expect(calibrate(ANSWERS).ece).toBeCloseTo(0.23051282051282052, 12); // NumPy 2.4.6
});

it('puts each answer into one of 15 bins, an edge into the upper one and 1 into the last', () => {
  const { bins } = calibrate(ANSWERS);
  // scipy.stats.binned_statistic(..., 'count', bins=linspace(0, 1, 16))
  expect(bins.map(({ count }) => count)).toEqual([0, 0, 0, 1, 0, 0, 1, 0, 2, 1, 2, 0, 1, 2, 3]);
  expect(bins[8]).toEqual({ from: 8 / 15, to: 9 / 15, count: 2, meanConfidence: 0.55, accuracy: 0.5 });
  expect(bins[0]).toMatchObject({ count: 0, meanConfidence: null, accuracy: null });
});

it('has no error of no answers', () => {
  expect(calibrate([]).ece).toBeNull();
});
