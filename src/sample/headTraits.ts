import { mix, randomNumbers, type SmoothNoise, smoothNoise } from './noise.js';

/** A point in mm from the middle of the head: x to the patient's left, y to the back, z upwards. */
export type HeadPoint = readonly [x: number, y: number, z: number];

/** Signal of tissues in a T1-weighted image after contrast agent. White matter of a usual head is about 0.55. */
export const SIGNAL = {
  air: 0.0,
  bone: 0.045,
  fluid: 0.11,
  grey: 0.385,
  white: 0.54,
  muscle: 0.33,
  marrow: 0.5,
  skin: 0.5,
  fat: 1.0,
  vessel: 0.95,
} as const;

export const SCALP_DEPTH = 6; // mm from the skin to the skull
export const SKULL_DEPTH = 12; // mm from the skin to the dura
export const BRAIN_DEPTH = 14; // mm from the skin to the cortex

/**
 * What makes one head differ from another. `across`, `along`, `height`: half axes, mm. `asymmetry`, `bulge`: of the
 * outline. `atrophy`: factor of the width of fluid spaces. `greyShift`: added to the signal of grey matter.
 */
export type HeadTraits = {
  across: number;
  along: number;
  height: number;
  asymmetry: number;
  atrophy: number;
  bulge: number;
  greyShift: number;
  shape: SmoothNoise;
  folds: SmoothNoise;
  warp: SmoothNoise;
  texture: SmoothNoise;
  vessels: SmoothNoise;
};

/** Draws the traits of a head. The same seed gives the same head. */
export function drawTraits(seed: number): HeadTraits {
  const random = randomNumbers(seed);
  const vary = (low: number, high: number) => mix(low, high, random());
  return {
    across: vary(70, 77),
    along: vary(88, 98),
    height: vary(92, 99),
    asymmetry: vary(-0.02, 0.02),
    atrophy: vary(0.85, 1.3),
    bulge: vary(0.04, 0.09),
    greyShift: vary(-0.03, 0.02),
    shape: smoothNoise(seed + 11),
    folds: smoothNoise(seed + 23),
    warp: smoothNoise(seed + 37),
    texture: smoothNoise(seed + 53),
    vessels: smoothNoise(seed + 71),
  };
}
