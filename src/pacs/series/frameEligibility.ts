import type { Instance } from '../header/parse.js';
import { recogniseSequence } from './sequence.js';
import { isBrainMr, passedOverFrame, passedOverInstance } from './seriesRules.js';

/** Why no answer about a frame is to be believed, whatever its pixels look like. */
export type Unfit = 'NOT_A_BRAIN_MR' | 'OUT_OF_DISTRIBUTION';

/**
 * What the header of a single frame says, for those that are looked at without their series.
 * `weightings`: what the model was made for. Null where nothing speaks against the frame.
 */
export function unfitFrame(instance: Instance, frameNumber: number, weightings?: readonly string[]): Unfit | null {
  if (!isBrainMr(instance)) return 'NOT_A_BRAIN_MR';
  const frame = instance.frames.find((one) => one.frameNumber === frameNumber);
  if (passedOverInstance(instance) || (frame && passedOverFrame(frame))) return 'OUT_OF_DISTRIBUTION';
  const { weighting } = recogniseSequence(instance);
  return weightings && weighting && !weightings.includes(weighting) ? 'OUT_OF_DISTRIBUTION' : null;
}
