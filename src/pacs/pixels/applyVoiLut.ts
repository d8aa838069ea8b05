import type { VoiWindow } from '../header/frames.js';
import type { ModalitySlice } from './applyModalityLut.js';
import { lookUp } from './lookupTable.js';

/**
 * Modality values as 8-bit grey values for display, row by row, 0 for black.
 * The contrast comes from `slice.window` (PS3.3 C.11.2.1.2, C.11.2.1.3), else from `slice.voiLut` (C.11.2.1.1; the
 * standard leaves the choice of several). Without either, the values from the 1st to the 99.5th percentile fill the
 * range.
 */
export function applyVoiLut(slice: ModalitySlice): Uint8Array {
  const { voiLut } = slice;
  if (voiLut && !slice.window) {
    const white = (1 << voiLut.bits) - 1;
    return new Uint8Array(
      slice.pixels.map((value) => Math.min(Math.round((255 * lookUp(voiLut, value)) / white), 255)),
    );
  }
  const window = slice.window ?? defaultWindow(slice.pixels);
  const grey = FUNCTIONS[window.function];
  return new Uint8Array(slice.pixels.map((value) => Math.round(255 * Math.min(Math.max(grey(value, window), 0), 1))));
}

/** VOI LUT functions. A result of 0 is black, 1 is white; the linear functions leave that range outside the window. */
const FUNCTIONS: Record<VoiWindow['function'], (value: number, window: VoiWindow) => number> = {
  // C.11.2.1.2.1: the centre is offset by 0.5 and the width by 1; a width of 1 is a threshold.
  LINEAR: (value, { center, width }) => {
    if (width <= 1) return value > center - 0.5 ? 1 : 0;
    return (value - (center - 0.5)) / (width - 1) + 0.5;
  },
  // C.11.2.1.3.2
  LINEAR_EXACT: (value, { center, width }) => (value - center) / width + 0.5,
  // C.11.2.1.3.1
  SIGMOID: (value, { center, width }) => 1 / (1 + Math.exp((-4 * (value - center)) / width)),
};

/** The window from the 1st to the 99.5th percentile of `pixels`. */
export function defaultWindow(pixels: Float32Array): VoiWindow {
  const sorted = Float32Array.from(pixels).sort();
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0.01), at(0.995)];
  return { center: (low + high) / 2, width: Math.max(high - low, Number.EPSILON), function: 'LINEAR_EXACT' };
}
