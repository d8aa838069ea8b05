import { describe, expect, it } from 'vitest';
import { decide } from '../../src/inference/decide.js';
import type { Manifest } from '../../src/inference/manifest.js';

const manifest = (more: Partial<Manifest> = {}) => ({ labels: ['glioma', 'no_tumor'], ...more }) as Manifest;
const logits = Float32Array.from([2, 0]);

describe('decide', () => {
  it('gives the softmax of the logits where the manifest has no calibration', () => {
    const { label, confidence, probabilities, status } = decide(logits, manifest());
    expect(confidence).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
    expect({ label, status }).toEqual({ label: 'glioma', status: 'CLASSIFIED' });
    expect(probabilities.map((one) => one.label)).toEqual(['glioma', 'no_tumor']);
    expect(probabilities.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
  });

  it('divides the logits by the temperature', () => {
    const { confidence } = decide(logits, manifest({ calibration: { method: 'temperature', temperature: 2 } }));
    expect(confidence).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  });

  it('abstains below the threshold and keeps its best guess', () => {
    const verdict = decide(logits, manifest({ abstention: { confidence: 0.9 } }));
    expect(verdict).toMatchObject({ status: 'ABSTAINED', abstentionReason: 'LOW_CONFIDENCE', label: 'glioma' });
    expect(decide(logits, manifest({ abstention: { confidence: 0.88 } })).status).toBe('CLASSIFIED');
  });

  it('has a threshold of its own for the normal label where the manifest gives one', () => {
    const limited = manifest({ normalLabel: 'no_tumor', abstention: { confidence: 0.9, normal: 0.8 } });
    const normal = Float32Array.from([0, 2]); // confidence .88, as `logits`
    expect(decide(normal, limited)).toMatchObject({ status: 'CLASSIFIED', label: 'no_tumor' });
    expect(decide(logits, limited)).toMatchObject({ status: 'ABSTAINED', label: 'glioma' });
    const alike = manifest({ normalLabel: 'no_tumor', abstention: { confidence: 0.9 } });
    expect(decide(normal, alike).status).toBe('ABSTAINED');
  });

  it('abstains where the slice is unlike the training data, however confident', () => {
    const limited = manifest({ outOfDistribution: { output: 'novelty', above: 1 }, abstention: { confidence: 0.5 } });
    const unknown = { status: 'ABSTAINED', abstentionReason: 'OUT_OF_DISTRIBUTION', label: 'glioma' };
    expect(decide(logits, limited, 1.01)).toMatchObject({ ...unknown, novelty: 1.01 });
    expect(decide(logits, limited, 1)).toMatchObject({ status: 'CLASSIFIED', abstentionReason: null, novelty: 1 });
    expect(decide(logits, limited, Number.NaN)).toMatchObject(unknown);
    expect(decide(logits, limited, null)).toMatchObject(unknown);
    expect(decide(logits, manifest(), 99).status).toBe('CLASSIFIED');
  });

  it('stays finite for logits of any size', () => {
    expect(decide(Float32Array.from([5000, -5000]), manifest()).confidence).toBe(1);
  });
});
