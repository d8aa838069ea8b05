import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

describe.skipIf(!hasPython('numpy', 'scipy'))('novelty', () => {
  it('is small for what varies as the training data do, however far out, and large for what varies otherwise', () => {
    const { within, beyond, commonest } = evaluate(
      `from novelty import *
random = np.random.default_rng(0)
across = random.standard_normal((2, 10, 80))
draw = lambda label, spread=1: spread * random.standard_normal((200, 10)) @ across[label] + 3 * label + 0.05 * random.standard_normal((200, 80))
features, labels = np.concatenate([draw(0), draw(1)]), np.repeat([0, 1], 200)
model = fit_novelty(features, labels, 2)
limit = largest_known(model, [np.concatenate([draw(0), draw(1)])])`,
      `{"within": float((residuals(model, draw(1, 3)) / limit).mean()),
        "beyond": float((residuals(model, 3 * random.standard_normal((50, 80))) / limit).min()),
        "commonest": float((residuals(model, draw(0)) <= limit).mean())}`,
    );
    expect(within).toBeLessThan(1);
    expect(beyond).toBeGreaterThan(3);
    expect(commonest).toBeGreaterThan(0.95);
  });
});

describe.skipIf(!hasPython('numpy', 'scipy'))('the audit of the splits', () => {
  it('takes a brightened copy for a copy, and another head for another', () => {
    const [copy, other] = evaluate(
      `from audit import fingerprints, in_two
images = np.kron(np.random.default_rng(0).random((2, 20, 20)), np.ones((8, 8)))
prints = fingerprints(np.stack([images[0], 0.5 * images[0] + 0.3, images[1]]))`,
      '[float(prints[0] @ prints[1]), float(prints[0] @ prints[2])]',
    );
    expect(copy).toBeGreaterThan(0.99);
    expect(other).toBeLessThan(0.5);
  });

  it('counts what is in two splits', () => {
    const rows = '[{"group": "a", "split": "train"}, {"group": "a", "split": "test"}, {"group": "b", "split": "val"}]';
    expect(evaluate('from audit import in_two', `in_two(${rows}, "group")`)).toBe(1);
  });
});
