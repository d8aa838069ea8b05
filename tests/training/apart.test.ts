import { describe, expect, it } from 'vitest';
import { evaluate as evaluateAfter, hasPython } from './python.js';

// 200 slices of four labels: of 150 sure answers one is wrong, of 50 less sure ones ten, called pituitary, and one glioma that is
// hardly believed to be none (label 2); the network is less sure than right.
const apart = `
random = np.random.default_rng(3)
labels = np.arange(200) % 4
answers = labels.copy()
answers[4] = 1
answers[np.flatnonzero((np.arange(200) >= 150) & (labels != 3))[::4]] = 3
answers[196] = 2
margin = np.where(np.arange(200) < 150, 3.0, 1.5) + random.uniform(0, 0.5, 200)
margin[196] = 1.4
logits = np.zeros((200, 4))
logits[np.arange(200), answers] = margin
apart = {"logits": logits, "labels": labels, "rows": [{}] * 200}
alike = [{"label": "pituitary", "as": "meningioma", "share": 0.2}]`;
const evaluate = (expression: string) =>
  evaluateAfter(`from apart import *\nfrom lookalikes import share_out\n${apart}`, expression);

describe.skipIf(!hasPython('numpy', 'torch', 'scipy', 'PIL', 'pydicom'))('how sure to be of a slice by itself', () => {
  it.each(['[]', 'alike'])(
    'has the lowest thresholds that keep the risk of what users get (lookalikes: %s)',
    (pairs) => {
      const { abstention, temperature, offset } = evaluate(`choose_confidence(apart, ${pairs})`);
      expect(temperature).toBe(1);
      const served = `share_out(measure.softmax(measure.lowered(logits, NORMAL, ${offset})), ${pairs})`;
      const risks = (threshold: number, said: string) =>
        evaluate(`[float((p.argmax(1) != labels)[(p.max(1) >= least) & (p.argmax(1) ${said} NORMAL)].mean())
        for p in [${served}] for least in (${threshold}, ${threshold} - 0.01)]`);
      for (const [kept, below] of [risks(abstention.confidence, '!='), risks(abstention.normal, '==')]) {
        expect(kept).toBeLessThanOrEqual(0.02);
        expect(below).toBeGreaterThan(0.02);
      }
      expect(abstention.normal).not.toBe(abstention.confidence);
    },
  );

  it('comes with what a temperature below 1 would bring', () => {
    const { chosen, likeliest } = evaluate('compare_temperatures(apart, choose_confidence(apart, []))');
    expect(chosen.temperature).toBe(1);
    expect(likeliest.temperature).toBeLessThan(1);
    expect(likeliest.ece).toBeLessThan(chosen.ece);
    expect(likeliest.wrongAbove95).toBeGreaterThanOrEqual(chosen.wrongAbove95);
  });
});
