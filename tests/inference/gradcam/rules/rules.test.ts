import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { appendExplanations } from '../../../../src/inference/gradcam/explainer.js';
import { type Method, methods } from '../../../../src/inference/gradcam/maps.js';
import { rules } from '../../../../src/inference/gradcam/rules/rules.js';
import { sessionOptions } from '../../../../src/inference/session.js';
import { explainWith, hasTorch, logitsError, type ReferenceMap, relativeError, runReference } from '../reference.js';

type Reference = {
  name: string;
  operators: string[];
  input: number[];
  logits: number[];
  seeds: number[][];
  maps: Record<Method, ReferenceMap>[];
};

describe.skipIf(!hasTorch)('the gradient through one operator equals autograd in float64', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mrimaster-rules-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const references = hasTorch ? runReference<Reference>('exportRules.py', [folder]) : [];

  it.each(references)('$name', async ({ name, input, logits, seeds, maps }) => {
    const bytes = await readFile(join(folder, `${name}.onnx`));
    const { model, layers, unsupported } = await appendExplanations(bytes, { methods });
    expect(unsupported).toEqual([]);
    const layer = layers.find((one) => one.name === 'first');
    const session = await InferenceSession.create(model, sessionOptions('cpu'));
    for (const [index, seed] of seeds.entries()) {
      const outputs = await explainWith(session, input, [2, 3, 9, 10], seed);
      expect(logitsError(outputs.logits?.data as Float32Array, logits)).toBeLessThan(1e-5);
      for (const method of methods) {
        const map = outputs[layer?.outputs[method] as string] as Tensor;
        expect(map.dims).toEqual([2, layer?.rows, layer?.columns]);
        const expected = maps[index]?.[method] as ReferenceMap;
        expect(relativeError(map.data as Float32Array, expected), method).toBeLessThan(1e-5);
      }
    }
    for (const method of methods)
      expect(Math.max(...maps.flatMap((one) => one[method].values)), `some ${method}`).toBeGreaterThan(0);
    await session.release();
  });

  it('is tested for every operator that has a rule', () => {
    const tested = new Set(references.flatMap(({ operators }) => operators));
    expect(Object.keys(rules).filter((operator) => !tested.has(operator))).toEqual([]);
  });
});
