import type { FrameHeader } from '../header/frames.js';

/** For each patient axis, the letter of its positive direction, then of its negative (PS3.3 C.7.6.2.1.1). */
const DIRECTIONS = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const;

/** Smallest component of a direction that gets a letter: a direction within about 6° of an axis has one letter only. */
const SMALLEST_PART = 0.1;

/**
 * Patient Orientation (0020,0020) of a frame's rows and columns (PS3.3 C.7.6.1.1.1): the letters that a viewer shows at
 * the edges.
 * `cosines`: Image Orientation (Patient), direction of the rows, then of the columns. Null gives an empty list.
 */
export function patientOrientation(cosines: FrameHeader['imageOrientationPatient']): string[] {
  return cosines ? [letters(cosines.slice(0, 3)), letters(cosines.slice(3))] : [];
}

/** The letters of a direction, its largest component first. */
function letters(direction: readonly number[]): string {
  return direction
    .map((part, axis) => ({ size: Math.abs(part), letter: DIRECTIONS[axis]?.[part > 0 ? 0 : 1] }))
    .filter(({ size }) => size > SMALLEST_PART)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join('');
}
