import { type HeadPoint, type HeadTraits, SCALP_DEPTH, SIGNAL, SKULL_DEPTH } from './headTraits.js';
import { mix, smoothStep } from './noise.js';

/** Signal of what wraps the brain: skin, fat, muscle at the temples, skull, dura. `under`: mm below the skin. */
export function wrappingSignal({ shape, across }: HeadTraits, [x, y, z]: HeadPoint, under: number): number {
  const patch = shape(x / 22, y / 22, z / 22);
  const temple =
    smoothStep(0.72, 0.95, Math.abs(x) / across) * smoothStep(20, -5, z) * smoothStep(30, 0, Math.abs(y + 15));
  const soft = mix(SIGNAL.fat * (0.86 + 0.25 * patch), SIGNAL.muscle, temple * smoothStep(1.5, 3, under));
  const scalp = mix(SIGNAL.skin, soft, smoothStep(0.6, 2, under)) * smoothStep(-0.6, 0.6, under);
  const skullAt = SCALP_DEPTH + 0.8 * patch;
  const marrow =
    SIGNAL.bone + (SIGNAL.marrow - SIGNAL.bone) * Math.max(0, 0.55 + 1.1 * shape(x / 14, y / 14, z / 14 + 9));
  const middle = (skullAt + SKULL_DEPTH) / 2;
  const skull = mix(SIGNAL.bone, marrow, smoothStep(1.9, 0.9, Math.abs(under - middle)));
  const dura = mix(SIGNAL.fluid, 0.55, smoothStep(0.9, 0.2, Math.abs(under - SKULL_DEPTH - 0.3)));
  const deep = mix(skull, dura, smoothStep(SKULL_DEPTH - 0.8, SKULL_DEPTH - 0.1, under));
  return mix(scalp, deep, smoothStep(skullAt - 0.6, skullAt + 0.6, under));
}

/** Signal of the superior sagittal sinus at the back and the front, which contrast agent fills. */
export function sinusSignal([x, y, z]: HeadPoint, under: number): number {
  const off = Math.hypot(x / 3.2, (under - SKULL_DEPTH - 2.2) / 2.8);
  const size = y > 0 ? 1.1 : 0.6;
  return z > -14 ? 0.75 * smoothStep(size, size * 0.55, off) : 0;
}
