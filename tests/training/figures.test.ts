import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { requirePart } from '../requirements.js';

const python = '/usr/bin/python3';
const training = fileURLToPath(new URL('../../training', import.meta.url));
const present = spawnSync(python, ['-c', 'import numpy']).status === 0;

describe.skipIf(!requirePart('Python', present, `${python} with numpy (Debian: python3-numpy) is not installed.`))(
  'the figures of the model card',
  () => {
    it('are those computed by hand', () => {
      // Truth a a a b b; answers a (.97) a (.62) b (.58) b (.96) a (.96).
      const result = evaluate(
        'figures(np.array([[.97, .03], [.62, .38], [.42, .58], [.04, .96], [.96, .04]]), np.array([0, 0, 0, 1, 1]), ["a", "b"], .6)',
      );
      expect(result).toMatchObject({
        slices: 5,
        accuracy: 0.6,
        wrongAbove95: 1,
        answered: 0.8,
        accuracyOfAnswered: 0.75,
      });
      expect(result.confusion).toEqual([
        [2, 1],
        [1, 1],
      ]);
      expect(result.perClass.a).toEqual({ slices: 3, precision: 0.6667, recall: 0.6667, f1: 0.6667 });
      expect(result.macroF1).toBeCloseTo((2 / 3 + 1 / 2) / 2, 3);
      // Three answers of the highest bin: mean confidence .9633, two of three right; .62 right and .58 wrong, alone.
      expect(result.ece).toBeCloseTo((3 * Math.abs(2.89 / 3 - 2 / 3) + 0.38 + 0.58) / 5, 3);
    });

    it('come with a temperature of at least 1, however timid the model', () => {
      const timid = 'np.array([[.4, 0], [0, .4], [.5, 0], [0, .3]])';
      expect(evaluate(`choose_temperature(${timid}, np.array([0, 1, 0, 1]))`)[0]).toBe(1);
      const brash = 'np.array([[9., 0], [0, 9], [9, 0], [0, 9]])';
      expect(evaluate(`choose_temperature(${brash}, np.array([0, 1, 1, 1]))`)[0]).toBeGreaterThan(1);
    });

    it('come with the lowest threshold that keeps the risk on val', () => {
      const probabilities = 'np.array([[.9, .1], [.8, .2], [.7, .3], [.65, .35], [.55, .45]])';
      expect(evaluate(`choose_threshold(${probabilities}, np.array([0, 0, 0, 1, 0]), .01)`)).toBe(0.66);
      expect(evaluate(`choose_threshold(${probabilities}, np.array([0, 0, 0, 1, 0]), .2)`)).toBe(0.5);
    });
  },
);

function evaluate(expression: string) {
  const program = `import json, numpy as np\nfrom figures import *\nprint(json.dumps(${expression}))`;
  const { status, stdout, stderr } = spawnSync(python, ['-c', program], { cwd: training, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
