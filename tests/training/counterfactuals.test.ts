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

  it('are of two halves, with the outline of the one that has a tumour and without one where neither has', () => {
    const { labels, outlined, right, seam } = evaluate(
      `${heads}
pool["masks"][1:] = 0
made = halves(pool, np.arange(3), random)
bright = (made["images"] > 0.8).sum((1, 2))`,
      '{"labels": made["labels"].tolist(), "outlined": [bool((m > 0).any() == (b > 20)) for m, b in zip(made["masks"], bright)], ' +
        '"right": float(made["masks"][:, :, 32:].max()), "seam": float(np.abs(made["images"][:, 30, 31] - made["images"][:, 30, 32]).max())}',
    );
    expect(new Set(labels)).toEqual(new Set([1, 2]));
    expect(outlined).not.toContain(false);
    expect(right).toBe(0);
    expect(seam).toBeLessThan(0.1);
  });

  it('get a tumour anywhere in the head, and as often healthy tissue of its shape', () => {
    const { count, free, within, changed, places } = evaluate(
      `${heads}
many = {key: np.concatenate([others[key]] * 10) for key in others}
shown, unchanged = place(pool, np.array([0]), many, random)
inside = shown["masks"] > 0.5
spots = {tuple(np.round(np.mean(np.nonzero(one), 1)).astype(int).tolist()) for one in inside}`,
      '{"count": len(shown["images"]), "free": len(unchanged["images"]), "within": int((inside & air).sum()), ' +
        '"changed": float(min((image - 0.4)[m].mean() for image, m in zip(shown["images"], inside))), "places": len(spots)}',
    );
    expect(count).toBe(20);
    expect(free).toBe(20);
    expect(within).toBeLessThan(20 * 3);
    expect(changed).toBeGreaterThan(0.05);
    expect(places).toBeGreaterThan(10);
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

describe.skipIf(!hasPython('numpy', 'scipy', 'pydicom'))('a volume', () => {
  it('loses its skull to the brain that hangs together within it', () => {
    const [found, missed, outside] = evaluate(
      `from strip import find_brain
z, y, x = (axis.astype(float) for axis in np.mgrid[:90, :100, :80])
distance = np.sqrt(((z - 50) / 36) ** 2 + ((y - 50) / 46) ** 2 + ((x - 40) / 36) ** 2)
brain, scalp = distance < 0.8, (distance > 0.92) & (distance < 1)
pixels = (brain * 800 + scalp * 1300 + 20 * np.random.default_rng(1).random(brain.shape)).astype(np.float32)
found = find_brain(pixels, [2.0, 2.0, 2.0])`,
      '[float(found.sum() / brain.sum()), float((brain & ~found).sum() / brain.sum()), int((found & scalp).sum())]',
    );
    expect(found).toBeGreaterThan(0.85);
    expect(missed).toBeLessThan(0.15);
    expect(outside).toBe(0);
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
