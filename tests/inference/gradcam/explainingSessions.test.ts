import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ExplainingSessions } from '../../../src/inference/gradcam/explainingSessions.js';
import { SHIPPED } from '../../setup/shippedModel.js';

const file = SHIPPED.file;
const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');

it('keeps the three explaining sessions that were used last, and releases the others', async () => {
  const sessions = new ExplainingSessions(file, sha256, [3, 160, 160], {});
  const first = await sessions.get('GRAD_CAM', ['conv1']);
  const second = await sessions.get('HIRES_CAM', ['conv1']);
  await sessions.get('GRAD_CAM', ['conv_pw_1']);
  expect(await sessions.get('GRAD_CAM', ['conv1'])).toBe(first);
  await sessions.get('GRAD_CAM', ['conv_pw_2']); // a fourth: the second was used longest ago
  expect(await sessions.get('GRAD_CAM', ['conv1'])).toBe(first);
  expect(await sessions.get('HIRES_CAM', ['conv1'])).not.toBe(second);
  await sessions.close();
});

it('knows the layers that can be explained, and the last one that has more than one cell', async () => {
  const sessions = new ExplainingSessions(file, sha256, [3, 160, 160], {});
  const { layers, last, missing } = await sessions.explainable();
  expect([layers[0], layers.at(-1), layers.length]).toEqual(['conv1', 'evidence', 30]);
  expect([last, missing]).toEqual(['evidence', null]);
});

it('refuses to map by another file than the one that predicts', async () => {
  const sessions = new ExplainingSessions(file, sha256.replace(/^./, 'x'), [3, 160, 160], {});
  await expect(sessions.explainable()).rejects.toThrow(/another file than when it was loaded/);
});
