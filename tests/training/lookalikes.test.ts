import { describe, expect, it } from 'vitest';
import { shareWithLookalikes } from '../../src/inference/lookalikes.js';
import { evaluate as evaluateAfter, hasPython } from './python.js';

const LABELS = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
// Heads in 40 x 40 px, and tumours of 2 px in them: 200 pituitary ones around the middle of axial slices, in sagittal ones, whose
// heads are smaller and lie in a corner, above it; 20 meningiomas there, in two runs, 20 where those of the other plane lie, 20
// without an outline, and 20 of an unknown plane.
const slices = `
random = np.random.default_rng(5)
def one(label, plane, down, across, outlined=True):
    image, mask = np.zeros((40, 40)), np.zeros((40, 40))
    first, size = {"ax": (5, 30), "sag": (0, 20)}.get(plane, (5, 30))
    image[first : first + size, first : first + size] = 0.5
    row, column = (int(round(first + share * size)) for share in (down, across))
    mask[row - 1 : row + 1, column - 1 : column + 1] = outlined
    return {"label": label, "plane": plane, "image": image, "mask": mask}
near = lambda middle: middle + 0.06 * random.standard_normal()
made = [one(3, "ax", near(0.5), near(0.5)) for _ in range(100)] + [one(3, "sag", near(0.25), near(0.5)) for _ in range(100)]
made += [one(1, "ax", 0.5, 0.5) for _ in range(10)] + [one(1, "sag", 0.25, 0.5) for _ in range(10)]
made += [one(1, "ax", 0.15, 0.5) for _ in range(10)] + [one(1, "sag", 0.7, 0.5) for _ in range(10)]
made += [one(1, "ax", 0.5, 0.5, False) for _ in range(20)] + [one(1, "", 0.5, 0.5) for _ in range(20)]
part = {"rows": [{"plane": each["plane"]} for each in made], "labels": np.array([each["label"] for each in made]),
        "images": np.stack([each["image"] for each in made]), "masks": np.stack([each["mask"] for each in made])}
blocks = np.array([f"{'pit' if at < 200 else 'men'}{at // 10}" for at in range(len(made))])`;
const evaluate = (expression: string) => evaluateAfter(`from lookalikes import *\n${slices}`, expression);

describe.skipIf(!hasPython('numpy', 'PIL'))('what looks alike', () => {
  it('is counted where tumours of the one lie in that plane, and shared by the upper limit of what runs show', () => {
    const [found] = evaluate('lookalikes(part, blocks)');
    expect(found).toMatchObject({ label: 'pituitary', as: 'meningioma', slices: 20, runs: 2 });
    const share = found.slices / found.ofSlices;
    expect(share).toBeGreaterThan(20 / 220);
    expect(found.share).toBeGreaterThan(share + 0.03);
    expect(found.share).toBeLessThan(4 * share);
  });

  it('shares less where no slice has a neighbour', () => {
    const [found] = evaluate('lookalikes(part, np.arange(len(made)).astype(str))');
    const [together] = evaluate('lookalikes(part, blocks)');
    expect(found.share).toBeLessThan(together.share - 0.02);
  });

  it('is shared as the server shares it', () => {
    const pairs = [
      { label: 'pituitary', as: 'meningioma', share: 0.04 },
      { label: 'meningioma', as: 'pituitary', share: 0.2 },
    ];
    const probabilities = [0.05, 0.3, 0.05, 0.6];
    const calibration = { method: 'temperature' as const, temperature: 1, lookalikes: pairs };
    const served = shareWithLookalikes(probabilities, { labels: LABELS, calibration });
    const [trained] = evaluate(
      `share_out(np.array([${JSON.stringify(probabilities)}]), ${JSON.stringify(pairs)}).tolist()`,
    );
    for (const [index, value] of served.entries()) expect(trained[index]).toBeCloseTo(value, 12);
  });
});
