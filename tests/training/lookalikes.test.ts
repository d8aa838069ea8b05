import { describe, expect, it } from 'vitest';
import { shareWithLookalikes } from '../../src/inference/lookalikes.js';
import { evaluate as evaluateAfter, hasPython } from './python.js';

const LABELS = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
// A head in the middle of 40 x 40 px, and tumours of 2 px in it: 200 pituitary ones around its middle, 20 meningiomas there, of
// two patients, and 20 far away.
const slices = `
random = np.random.default_rng(5)
def one(label, down, across):
    image, mask = np.zeros((40, 40)), np.zeros((40, 40))
    image[5:35, 5:35] = 0.5
    row, column = int(round(down)), int(round(across))
    mask[row - 1 : row + 1, column - 1 : column + 1] = 1
    return {"label": label, "image": image, "mask": mask}
made = [one(3, *(20 + 2 * random.standard_normal(2))) for _ in range(200)]
made += [one(1, 20, 20) for _ in range(20)] + [one(1, 8, 30) for _ in range(20)]
part = {"rows": [{"plane": "ax"}] * len(made), "labels": np.array([each["label"] for each in made]),
        "images": np.stack([each["image"] for each in made]), "masks": np.stack([each["mask"] for each in made])}
blocks = np.array([f"{'pit' if at < 200 else 'men'}{at // 10}" for at in range(len(made))])`;
const evaluate = (expression: string) => evaluateAfter(`from lookalikes import *\n${slices}`, expression);

describe.skipIf(!hasPython('numpy', 'PIL'))('what looks alike', () => {
  it('is counted where tumours of the one lie, and shared by the upper limit of what patients show', () => {
    const [found] = evaluate('lookalikes(part, blocks)');
    expect(found).toMatchObject({ label: 'pituitary', as: 'meningioma', slices: 20, patients: 2 });
    const share = found.slices / found.ofSlices;
    expect(share).toBeGreaterThan(20 / 220);
    expect(found.share).toBeGreaterThan(share + 0.03);
    expect(found.share).toBeLessThan(4 * share);
  });

  it('rests on less where each slice is of another patient', () => {
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
