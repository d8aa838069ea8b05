import type { Instance } from '../header/parse.js';
import { recogniseSequence } from './sequence.js';
import { ineligibleFrame, ineligibleInstance, isBrainMr } from './seriesRules.js';

/** Why a frame is not eligible, whatever its pixels look like. */
export type IneligibleFrame = 'NOT_A_BRAIN_MR' | 'OUT_OF_DISTRIBUTION';

/**
 * Why the header of a single frame makes it ineligible; null where nothing does. For frames that come without their
 * series.
 * @param weightings those that the model was made for.
 */
export function whyFrameIneligible(
  instance: Instance,
  frameNumber: number,
  weightings?: readonly string[],
): IneligibleFrame | null {
  if (!isBrainMr(instance)) return 'NOT_A_BRAIN_MR';
  const frame = instance.frames.find((candidate) => candidate.frameNumber === frameNumber);
  if (ineligibleInstance(instance) || (frame && ineligibleFrame(frame))) return 'OUT_OF_DISTRIBUTION';
  const { weighting } = recogniseSequence(instance);
  return weightings && weighting && !weightings.includes(weighting) ? 'OUT_OF_DISTRIBUTION' : null;
}
