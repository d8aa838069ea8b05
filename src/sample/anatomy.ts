import { brainSignal } from './brain.js';
import { BRAIN_DEPTH, drawTraits, type HeadPoint, type HeadTraits } from './headTraits.js';
import { mix, smoothStep } from './noise.js';
import { wrappingSignal } from './skull.js';

/** A head that does not exist. */
export type PhantomHead = {
  /** Half width and half length of the head at height z, mm; 0 above the crown. */
  extent: (z: number) => { across: number; along: number };
  /** Depth under the skin, mm; negative outside. */
  depth: (point: HeadPoint) => number;
  /** Signal of the tissue at `point`; `depth` is its depth under the skin, mm. */
  signal: (point: HeadPoint, depth: number) => number;
};

/** Builds one person's head. All of its shapes derive from the seed. */
export function buildHead(seed: number): PhantomHead {
  const traits = drawTraits(seed);
  return {
    extent: (z) => extentAt(traits, z),
    depth: (point) => depthAt(traits, point),
    signal: (point, depth) => signalAt(traits, point, depth),
  };
}

function extentAt({ across, along, height }: HeadTraits, z: number): { across: number; along: number } {
  // Below the widest level the head narrows slowly, above it as an ellipsoid.
  const share = z > 0 ? Math.sqrt(Math.max(0, 1 - (z / height) ** 2)) : 1 - 0.05 * (z / 45) ** 2;
  return { across: across * share, along: along * share };
}

function depthAt(traits: HeadTraits, [x, y, z]: HeadPoint): number {
  const { height, bulge, asymmetry, shape } = traits;
  const at = extentAt(traits, z);
  if (at.across <= 0) return -100;
  const radius = Math.hypot(x / at.across, y / at.along);
  if (radius < 1e-6) return Math.min(at.across, at.along);
  const [u, v] = [x / at.across / radius, y / at.along / radius];
  // Heads are narrower at the forehead than at the back, and nobody's is an ellipse.
  const outline = 1 + bulge * 0.6 * v * u * u + asymmetry * u * v + 0.022 * shape(u * 1.3, v * 1.3, z / 60);
  // The distance across an ellipse's rim is shorter than along its radius by the slope of the surface.
  const size = Math.hypot(x, y) / radius;
  const steep = z > 0 ? Math.max(0.35, Math.sqrt(1 - (z / height) ** 2)) : 1;
  return (outline - radius) * size * steep;
}

/** Blends what wraps the brain into the brain, around its surface. */
function signalAt(traits: HeadTraits, point: HeadPoint, depth: number): number {
  if (depth >= BRAIN_DEPTH + 1) return brainSignal(traits, point, depth);
  const outer = wrappingSignal(traits, point, depth);
  if (depth <= BRAIN_DEPTH - 1) return outer;
  return mix(outer, brainSignal(traits, point, depth), smoothStep(BRAIN_DEPTH - 1, BRAIN_DEPTH + 1, depth));
}
