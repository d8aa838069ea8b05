import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { SEED } from '../../../src/inference/gradcam/explainer.js';
import { requirePart } from '../../setup/requirements.js';

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

/** A map as the reference has it; `scale` is what its errors are relative to. */
export type ReferenceMap = { values: number[]; scale: number };

/** The largest difference, relative to `scale`. */
export function relativeError(found: Float32Array, { values, scale }: ReferenceMap): number {
  if (found.length !== values.length) throw new Error(`${found.length} values instead of ${values.length}`);
  return Math.max(...values.map((value, index) => Math.abs((found[index] as number) - value))) / scale;
}

/** Logits have no terms to cancel: errors are relative to the largest. */
export function logitsError(found: Float32Array, values: number[]): number {
  return relativeError(found, { values, scale: Math.max(...values.map(Math.abs)) });
}
