import type { FrameHeader, Vector } from '../header/frames.js';

/** The anatomical plane of a slice. */
export type Orientation = 'AXIAL' | 'CORONAL' | 'SAGITTAL' | 'OBLIQUE';

/** The plane across each patient axis (PS3.3 C.7.6.2.1.1): x points to the left, y to the back, z to the head. */
const PLANES: readonly Orientation[] = ['SAGITTAL', 'CORONAL', 'AXIAL'];

/** Least component of a normal along its main axis: about 26°. A slice beyond that from every axis is oblique. */
const NEAR_AN_AXIS = 0.9;

/**
 * The unit normal of a slice, turned to point along its main axis (left, back or head); null without an orientation.
 */
export function sliceNormal(frame: FrameHeader): Vector | null {
  const cosines = frame.imageOrientationPatient;
  if (!cosines) return null;
  const [rx, ry, rz, cx, cy, cz] = cosines;
  // Rounded cosines give no unit vector, and so shrink distances along it.
  const normal = unit([ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx]);
  return (normal[mainAxis(normal)] as number) < 0 ? [-normal[0], -normal[1], -normal[2]] : normal;
}

/** The anatomical plane of a slice with this unit normal. */
export function planeOf(normal: Vector): Orientation {
  const axis = mainAxis(normal);
  return Math.abs(normal[axis] as number) < NEAR_AN_AXIS ? 'OBLIQUE' : (PLANES[axis] as Orientation);
}

/** The position of a slice along `normal`, in mm; null without a position. */
export function positionAlong(normal: Vector, frame: FrameHeader): number | null {
  const position = frame.imagePositionPatient;
  return position && dot(position, normal);
}

/** The dot product of two vectors. */
export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function unit(vector: Vector): Vector {
  const length = Math.hypot(...vector);
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}

function mainAxis(vector: Vector): number {
  const sizes = vector.map(Math.abs);
  return sizes.indexOf(Math.max(...sizes));
}
