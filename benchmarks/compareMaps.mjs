// The maps of one exported architecture beside those that PyTorch computed in float64
// (tests/inference/reference/exportArchitectures.py). Build first.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { appendExplanations, SEED } from '../dist/inference/gradcam/explainer.js';
import { median } from './setup/quantiles.mjs';

/**
 * @returns `maps`: for each seed, layer and method the largest error in each slice, relative to the map's scale, and
 *   that of PyTorch's own float32 (`gaps`).
 */
export async function compareMaps(folder, { name, shape, seeds, methods, layers, scales, gaps, logits }) {
  const path = (extension) => join(folder, `${name}.${extension}`);
  const plain = await readFile(path('onnx'));
  const explainer = await appendExplanations(plain, { methods });
  const found = new Map(explainer.layers.map((layer) => [layer.name, layer]));
  const input = new Tensor('float32', floats(await readFile(path('input')), Float32Array), shape);
  const expected = floats(await readFile(path('maps')), Float64Array);
  const session = await InferenceSession.create(explainer.model, { logSeverityLevel: 3 });
  const [slices] = shape;
  const maps = [];
  let [offset, logitsError] = [0, 0];
  for (const seed of seeds) {
    const seedValues = Float32Array.from(Array(slices).fill(seed).flat());
    const outputs = await session.run({ input, [SEED]: new Tensor('float32', seedValues, [slices, seed.length]) });
    logitsError = Math.max(
      logitsError,
      largestError(outputs[session.outputNames[0]].data, logits, Math.max(...logits.map(Math.abs))),
    );
    for (const { name: layer, rows, columns } of layers) {
      for (const method of methods) {
        const [scale, gap] = [scales.shift(), gaps.shift()];
        const output = found.get(layer)?.outputs[method];
        const size = rows * columns;
        const errors = Array.from({ length: slices }, (_, slice) => {
          const values = expected.subarray(offset, offset + size);
          offset += size;
          if (!output) return Number.NaN;
          return largestError(outputs[output].data.subarray(slice * size, (slice + 1) * size), values, scale);
        });
        maps.push({ seed, layer, rows, columns, method, errors, gaps: gap });
      }
    }
  }
  await session.release();
  const { unsupported, unexplainable } = explainer;
  return { name, logitsError, unsupported, unexplainable, bytes: explainer.model.length - plain.length, maps };
}

/**
 * The slice that agrees best, in its largest and its median error. Where a ReLU's input, or the distance of two inputs
 * of a maximum, is smaller than rounding, its gradient is one or the other by chance, and with it all maps of the slice
 * before it; so of several slices one tells whether the gradient is right.
 */
export function bestSlice(maps, key = 'errors') {
  const slices = maps[0][key].map((_, slice) => maps.map((map) => map[key][slice]));
  const judged = slices.map((errors) => ({ largest: Math.max(...errors), median: median(errors) }));
  return judged.reduce((best, one) => (one.largest < best.largest ? one : best));
}

/** The middle one; of errors, what a typical map has. */
function floats(buffer, Type) {
  return new Type(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length));
}

function largestError(found, expected, scale) {
  const error = expected.reduce((worst, value, index) => Math.max(worst, Math.abs(found[index] - value)), 0);
  return error === 0 ? 0 : error / scale; // a map of no terms at all has scale 0, and is 0
}
