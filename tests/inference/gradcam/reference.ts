import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { SEED } from '../../../src/inference/gradcam/explainer.js';
import { requirePart } from '../../requirements.js';

const python = process.env.PYTHON ?? '/usr/bin/python3';

/** PyTorch and torchvision make the models and the maps that ours are compared with. */
export const hasTorch = requirePart(
  'PyTorch',
  spawnSync(python, ['-c', 'import torch, torchvision, onnx']).status === 0,
  'Install python3-torch, python3-torchvision and python3-onnx, or set PYTHON.',
);

/** Runs tests/inference/reference/`script`; each line of JSON that it prints is one reference. */
export function runReference<Reference>(script: string, args: readonly string[]): Reference[] {
  const path = fileURLToPath(new URL(`../reference/${script}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, ['-B', '-W', 'ignore', path, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Reference);
}

/** One run of an explaining model for `slices` inputs, all asked the same. */
export async function explainWith(
  session: InferenceSession,
  input: readonly number[],
  shape: readonly number[],
  seed: readonly number[],
): Promise<InferenceSession.OnnxValueMapType> {
  const [slices] = shape as [number];
  return session.run({
    [session.inputNames[0] as string]: new Tensor('float32', Float32Array.from(input), shape),
    [SEED]: new Tensor('float32', Float32Array.from(Array(slices).fill(seed).flat()), [slices, seed.length]),
  });
}

/** The largest difference, relative to the largest expected value, or to `least` where that is larger. */
export function relativeError(found: Float32Array, expected: ArrayLike<number>, least = 0): number {
  if (found.length !== expected.length) throw new Error(`${found.length} values instead of ${expected.length}`);
  let [worst, largest] = [0, least];
  for (const [index, value] of found.entries()) {
    const wanted = expected[index] as number;
    if (Number.isNaN(value)) return Number.NaN;
    worst = Math.max(worst, Math.abs(value - wanted));
    largest = Math.max(largest, Math.abs(wanted));
  }
  return worst === 0 ? 0 : worst / largest;
}
