import type { FrameHeader } from '../header/frames.js';

/** Towards larger x, y, z of the patient, and towards smaller (PS3.3 C.7.6.2.1.1). */
const DIRECTIONS = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const;

/** A direction within some 6° of a patient axis has that axis' letter alone. */
const SMALLEST_PART = 0.1;

/**
 * Patient Orientation (0020,0020) of a frame's rows and columns (PS3.3 C.7.6.1.1.1): the letters that a viewer puts at
 * the edges. Empty where the frame does not say how it lies.
 */
export function patientOrientation(cosines: FrameHeader['imageOrientationPatient']): string[] {
  return cosines ? [letters(cosines.slice(0, 3)), letters(cosines.slice(3))] : [];
}

/** The main direction first. */
function letters(direction: readonly number[]): string {
  return direction
    .map((part, axis) => ({ size: Math.abs(part), letter: DIRECTIONS[axis]?.[part > 0 ? 0 : 1] }))
    .filter(({ size }) => size > SMALLEST_PART)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join('');
}
