import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

// 400 slices of four labels, a tenth of them mistaken; the normal label (2) is believed too much by 1.5.
const setUp = `from compare import compare_again
random = np.random.default_rng(4)
labels = np.arange(400) % 4
logits = 0.6 * random.standard_normal((400, 4))
logits[np.arange(400), np.where(random.random(400) < 0.1, (labels + 1) % 4, labels)] += 3
shifted = logits + 1.5 * (np.arange(4) == 2)
of = lambda logits: {"labels": labels, "logits": logits}`;

describe.skipIf(!hasPython('numpy', 'torch', 'scipy', 'PIL', 'pydicom'))('what the labelled slices bring again', () => {
  it('is compared with what came before, each calibrated for itself', () => {
    const { before, after } = evaluate(setUp, 'compare_again(of(logits), of(shifted), [])');
    expect(after).toEqual(before);
    expect(before.accuracy).toBeCloseTo(0.9, 1);
  });

  it('shows in the figures', () => {
    const { before, after } = evaluate(setUp, 'compare_again(of(logits), of(logits + 2 * np.eye(4)[labels]), [])');
    expect(after.accuracy).toBeGreaterThan(before.accuracy);
    expect(after.macroF1).toBeGreaterThan(before.macroF1);
    expect(after.accuracyAt90Coverage).toBeGreaterThan(before.accuracyAt90Coverage);
  });
});
