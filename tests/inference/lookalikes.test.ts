import { describe, expect, it } from 'vitest';
import { decide } from '../../src/inference/decide.js';
import { shareWithLookalikes } from '../../src/inference/lookalikes.js';
import type { Manifest } from '../../src/inference/manifest.js';

const labels = ['glioma', 'meningioma', 'no_tumor', 'pituitary'];
const manifest = (lookalikes: { label: string; as: string; share: number }[], more: Partial<Manifest> = {}) =>
  ({ labels, calibration: { method: 'temperature', temperature: 1, lookalikes }, ...more }) as Manifest;
const sellar = { label: 'pituitary', as: 'meningioma', share: 0.1 };

describe('shareWithLookalikes', () => {
  it('gives a part of a label’s probability to the label that looks like it, and nothing back', () => {
    const shared = shareWithLookalikes([0.1, 0.2, 0.1, 0.6], manifest([sellar]));
    for (const [index, expected] of [0.1, 0.26, 0.1, 0.54].entries()) expect(shared[index]).toBeCloseTo(expected, 12);
  });

  it('takes each part from what the model said, whatever the order of the pairs', () => {
    const back = { label: 'meningioma', as: 'pituitary', share: 0.5 };
    const one = shareWithLookalikes([0, 0.4, 0, 0.6], manifest([sellar, back]));
    expect(one).toEqual(shareWithLookalikes([0, 0.4, 0, 0.6], manifest([back, sellar])));
    expect(one[3]).toBeCloseTo(0.6 - 0.06 + 0.2, 12);
  });

  it('leaves everything as it is where the manifest names none', () => {
    for (const { calibration } of [manifest([]), {} as Manifest])
      expect(shareWithLookalikes([0.1, 0.2, 0.3, 0.4], { labels, calibration })).toEqual([0.1, 0.2, 0.3, 0.4]);
  });

  it('lets no model be surer of a label than its lookalikes allow, and abstain for that', () => {
    const sure = Float32Array.from([0, 0, 0, 50]);
    expect(decide(sure, manifest([sellar])).confidence).toBeCloseTo(0.9, 6);
    expect(decide(sure, manifest([sellar], { abstention: { confidence: 0.91 } })).status).toBe('ABSTAINED');
    expect(decide(Float32Array.from([50, 0, 0, 0]), manifest([sellar])).confidence).toBeCloseTo(1, 6);
  });
});
