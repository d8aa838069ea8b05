import type { FrameHeader, Vector } from '../header/frames.js';

export type Orientation = 'AXIAL' | 'CORONAL' | 'SAGITTAL' | 'OBLIQUE';

/** The patient axes of DICOM (PS3.3 C.7.6.2.1.1): x to the left, y to the back, z to the head. */
const PLANES: readonly Orientation[] = ['SAGITTAL', 'CORONAL', 'AXIAL'];

/** Beyond some 26° from every patient axis a slice is called oblique. */
const NEAR_AN_AXIS = 0.9;

/** The slice normal, turned to point along its main axis (left, back or head); null without orientation. */
export function sliceNormal(frame: FrameHeader): Vector | null {
  const cosines = frame.imageOrientationPatient;
  if (!cosines) return null;
  const [rx, ry, rz, cx, cy, cz] = cosines;
  const normal: Vector = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
  return (normal[mainAxis(normal)] as number) < 0 ? [-normal[0], -normal[1], -normal[2]] : normal;
}

export function planeOf(normal: Vector): Orientation {
  const axis = mainAxis(normal);
  return Math.abs(normal[axis] as number) < NEAR_AN_AXIS ? 'OBLIQUE' : (PLANES[axis] as Orientation);
}

/** Where a slice lies along `normal`, in mm; null without position. */
export function positionAlong(normal: Vector, frame: FrameHeader): number | null {
  const position = frame.imagePositionPatient;
  return position && dot(position, normal);
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function mainAxis(vector: Vector): number {
  const sizes = vector.map(Math.abs);
  return sizes.indexOf(Math.max(...sizes));
}
