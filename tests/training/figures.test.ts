import { describe, expect, it } from 'vitest';
import { evaluate as evaluateAfter, hasPython } from './python.js';

const evaluate = (expression: string) => evaluateAfter('from figures import *', expression);

describe.skipIf(!hasPython('numpy'))('the figures of the model card', () => {
  it('are those computed by hand', () => {
    // Truth a a a b b; answers a (.97) a (.62) b (.58) b (.96) a (.96).
    const result = evaluate(
      'figures(np.array([[.97, .03], [.62, .38], [.42, .58], [.04, .96], [.96, .04]]), np.array([0, 0, 0, 1, 1]), ["a", "b"], .6)',
    );
    expect(result).toMatchObject({
      slices: 5,
      accuracy: 0.6,
      wrongAbove95: 1,
      answered: 0.8,
      accuracyOfAnswered: 0.75,
    });
    expect(result.confusion).toEqual([
      [2, 1],
      [1, 1],
    ]);
    expect(result.perClass.a).toEqual({ slices: 3, precision: 0.6667, recall: 0.6667, f1: 0.6667 });
    expect(result.macroF1).toBeCloseTo((2 / 3 + 1 / 2) / 2, 3);
    // Three answers of the highest bin: mean confidence .9633, two of three right; .62 right and .58 wrong, alone.
    expect(result.ece).toBeCloseTo((3 * Math.abs(2.89 / 3 - 2 / 3) + 0.38 + 0.58) / 5, 3);
  });

  it('come with the temperature and offset that are likeliest, but no temperature that makes surer', () => {
    // Too sure by two, right in three of four; the normal label is 1. In `biased` its logit is one too high, in all.
    const logits = 'np.array([[4., 0], [0, 4], [4, 0], [0, 4]] * 2)';
    const truth = 'np.array([0, 1, 0, 1, 0, 1, 1, 0])';
    const [temperature, offset, loss] = evaluate(`choose_calibration(${logits}, ${truth}, 1)`);
    expect(temperature).toBeGreaterThan(1.5);
    expect(offset).toBeCloseTo(0, 1);
    const found = `negative_log_likelihood(softmax(lowered(${logits}, 1, ${offset}), ${temperature}), ${truth})`;
    expect(loss).toBeCloseTo(evaluate(found), 9);
    const biased = 'np.array([[1., 1], [0, 2], [1, 1], [0, 2]]), np.array([0, 1, 0, 0])';
    expect(evaluate(`choose_calibration(${biased}, 1)`)[1]).toBeGreaterThan(0.5);
    const unsure = 'np.array([[1., 0], [0, 1], [1, 0], [0, 1]]), np.array([0, 1, 0, 1])';
    expect(evaluate(`choose_calibration(${unsure}, 1)`)[0]).toBe(1);
    expect(evaluate(`choose_calibration(${unsure}, 1, lowest=0.5)`)[0]).toBe(0.5);
  });

  it('come with the accuracy among the surest', () => {
    const probabilities = 'np.array([[.9, .1], [.8, .2], [.7, .3], [.65, .35]])';
    expect(evaluate(`accuracy_at_coverage(${probabilities}, np.array([0, 0, 0, 1]), .75)`)).toBe(1);
    expect(evaluate(`accuracy_at_coverage(${probabilities}, np.array([0, 1, 0, 0]), .5)`)).toBe(0.5);
  });

  it('come with intervals that are wider where fewer blocks were drawn from', () => {
    const width = (blocks: string) => {
      const { accuracy } = evaluate(
        `intervals(np.tile([[.9, .1]], (100, 1)), np.repeat([0, 1], 50), np.array([${blocks} for i in range(100)]), ["a", "b"])`,
      );
      return accuracy[1] - accuracy[0];
    };
    expect(width('i')).toBeCloseTo(0.2, 1);
    expect(width('i // 50')).toBe(1);
  });

  it('come with the lowest threshold that keeps the risk', () => {
    const probabilities = 'np.array([[.9, .1], [.8, .2], [.7, .3], [.65, .35], [.55, .45]])';
    expect(evaluate(`choose_threshold(${probabilities}, np.array([0, 0, 0, 1, 0]), .01)`)).toBe(0.66);
    expect(evaluate(`choose_threshold(${probabilities}, np.array([0, 0, 0, 1, 0]), .2)`)).toBe(0.5);
  });
});
