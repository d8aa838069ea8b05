import { interpolateInferno } from 'd3-scale-chromatic';
import type { Colour } from './canvas.js';

/**
 * The colour map Inferno (S. van der Walt, N. Smith, 2015) in 256 entries. It is perceptually uniform, and dark to
 * bright in grey as well.
 */
export const INFERNO: readonly Colour[] = Array.from({ length: 256 }, (_, index) => {
  const [red, green, blue] = (interpolateInferno(index / 255).match(/[0-9a-f]{2}/gi) ?? []).map((hex) =>
    Number.parseInt(hex, 16),
  );
  return [red as number, green as number, blue as number];
});
