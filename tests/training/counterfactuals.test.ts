import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

/** Two grey heads in dark air on 64 × 64, textured alike; the first has a bright tumour, right of the middle. */
const heads = `
from counterfactuals import *
y, x = np.mgrid[:64, :64]
air = np.hypot(y - 32, x - 32) > 26
def head(seed):
    tissue = 0.4 + 0.1 * np.sin(x / 5) + 0.02 * np.random.default_rng(seed).standard_normal((64, 64))
    return np.where(air, 0, tissue).astype(np.float32)
mask = (np.hypot(y - 32, x - 40) < 5).astype(np.float32)
ill = np.where(mask > 0, 0.95, head(1)).astype(np.float32)
pool = {"images": np.stack([ill, head(2), head(3)]), "masks": np.stack([mask, mask * 0, mask * 0]),
        "planes": np.array(["ax"] * 3), "labels": np.array([1, 2, 2]), "cases": np.array(["", "A", "B"])}
others = {key: pool[key][1:] for key in ("images", "masks", "planes", "cases")}
random = np.random.default_rng(0)
`;

describe.skipIf(!hasPython('numpy', 'scipy'))('slices that no archive holds', () => {
  it('are blended without a step: outside nothing changes, and a source of another level arrives at the level it meets', () => {
    const [outside, inside] = evaluate(
      `${heads}\ntarget = head(2).astype(float)\nregion = mask > 0\nmixed = blend(target, target + 0.3, region)`,
      '[float(np.abs(mixed - target)[~region].max()), float(np.abs(mixed - target)[region].max())]',
    );
    expect(outside).toBe(0);
    expect(inside).toBeLessThan(1e-9);
  });

  it('lose their tumour to the tissue that other heads have in its place', () => {
    const { done, before, after } = evaluate(
      `${heads}\nimages, done = erase(pool, np.array([0]), random)\nlost = np.abs(images[0] - head(1))[mask > 0]`,
      '{"done": done.tolist(), "before": float(np.abs(ill - head(1))[mask > 0].mean()), "after": float(lost.mean())}',
    );
    expect(done).toEqual([0]);
    expect(before).toBeGreaterThan(0.4);
    expect(after).toBeLessThan(0.1);
  });

  it('get a tumour with its outline and its label, and keep the case of the head it is put into', () => {
    const { inside, masks, labels, cases } = evaluate(
      `${heads}\nmoved = transplant(pool, np.array([0]), others, random)\nfree = [head(2), head(3)][moved["cases"][0] == "B"]`,
      '{"inside": float((moved["images"][0] - free)[mask > 0].mean()), "masks": bool((moved["masks"][0] == mask).all()), ' +
        '"labels": moved["labels"].tolist(), "cases": moved["cases"].tolist()}',
    );
    expect(inside).toBeGreaterThan(0.3);
    expect(masks).toBe(true);
    expect(labels).toEqual([1]);
    expect(['A', 'B']).toContain(cases[0]);
  });

  it('show the same seam without a tumour', () => {
    const changed = evaluate(
      `${heads}\nimages, cases = sham(pool, np.array([0]), others, random)\nown = [head(2), head(3)][cases[0] == "B"]`,
      '[float(np.abs(images[0] - own)[mask > 0].mean()), float(images[0][mask > 0].mean() - own[mask > 0].mean())]',
    );
    expect(changed[0]).toBeGreaterThan(0.005);
    expect(Math.abs(changed[1])).toBeLessThan(0.1);
  });

  it('lose their skull to a brain that lies within the head', () => {
    const [brain, head, outside] = evaluate(
      `${heads}\nfound = brain_of(head(2), random)`,
      '[int(found.sum()), int(head_of(head(2)).sum()), int((found & air).sum())]',
    );
    expect(outside).toBe(0);
    expect(brain / head).toBeGreaterThan(0.4);
    expect(brain / head).toBeLessThan(0.9);
  });
});

describe.skipIf(!hasPython('torch', 'scipy'))('a batch as other scanners might have shown it', () => {
  it('moves the outline with what it outlines', () => {
    const overlap = evaluate(
      `import torch\nfrom augment import augment\ntorch.manual_seed(1)\n${heads}
given = torch.tensor(mask).expand(16, -1, -1)
image, moved = augment(given, given, given * 0, torch.zeros(16), 48, 0)
both = ((image > 0.4) & (moved > 0.5)).flatten(1).sum(1)`,
      '(both / ((image > 0.4) | (moved > 0.5)).flatten(1).sum(1)).min().item()',
    );
    expect(overlap).toBeGreaterThan(0.8);
  });

  it('keeps what is darker darker when it changes the contrast', () => {
    const [order, change] = evaluate(
      'import torch\nfrom augment import curve\ntorch.manual_seed(1)\nramp = torch.linspace(0, 1, 64).expand(8, 1, 64)\nbent = curve(ramp)',
      '[bool((bent.diff(dim=2) >= -1e-6).all()), (bent - ramp).abs().max().item()]',
    );
    expect(order).toBe(true);
    expect(change).toBeGreaterThan(0.05);
  });
});
