import type { DataSet } from 'dicom-parser';
import {
  isNotANumber,
  readDecimal,
  readDecimals,
  readDouble,
  readInteger,
  readItem,
  readShort,
  readString,
  readStrings,
} from './attributes.js';

/**
 * VOI window: how modality values become grey values (PS3.3 C.11.2.1.2, C.11.2.1.3). Centre and width are in modality
 * units.
 */
export type VoiWindow = { center: number; width: number; function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' };

/** Rescale of stored values (PS3.3 C.11.1.1.2): modality value = slope × stored value + intercept. */
export type Rescale = { slope: number; intercept: number };

/** Complex Image Component (0008,9208; PS3.3 C.8.13.3.1.2). */
export type ComplexComponent = 'MAGNITUDE' | 'PHASE' | 'REAL' | 'IMAGINARY' | 'MIXED';

/** A vector in the patient coordinate system (PS3.3 C.7.6.2.1.1), in mm. */
export type Vector = readonly [number, number, number];

/**
 * What a header says of one frame.
 * `frameNumber`: from 1. `imagePositionPatient`: centre of the first pixel, mm. `imageOrientationPatient`: direction of
 * the rows, then of the columns. `pixelSpacing`: mm between rows, then between columns. `pixelAspect`: height of
 * a pixel by its width, by the spacing, else by PixelAspectRatio; 1 where nothing tells. `sliceThickness`: mm.
 * `echoTime`: ms. `diffusionBValue`: s/mm². `complexComponent`: which part of the complex signal the pixels are; null where the
 * header does not say. MIXED: an Enhanced object states it of its frames together, and of this one nothing.
 */
export type FrameHeader = {
  frameNumber: number;
  imagePositionPatient: Vector | null;
  imageOrientationPatient: readonly [number, number, number, number, number, number] | null;
  pixelSpacing: readonly [number, number] | null;
  pixelAspect: number;
  sliceThickness: number | null;
  rescale: Rescale | null;
  window: VoiWindow | null;
  frameType: readonly string[];
  temporalPositionIndex: number | null;
  echoTime: number | null;
  diffusionBValue: number | null;
  complexComponent: ComplexComponent | null;
  inversionRecovery: boolean;
};

/**
 * Reads the headers of all `numberOfFrames` frames of a data set.
 * In Enhanced objects each attribute comes from the per-frame functional groups, else from the shared ones (PS3.3
 * C.7.6.16), else from the top level. Classic objects have it at the top level, for all frames.
 */
export function readFrames(dataSet: DataSet, numberOfFrames: number): FrameHeader[] {
  if (dataSet.elements.x52009230)
    return Array.from({ length: numberOfFrames }, (_, index) => readFrame(dataSet, index + 1));
  const common = readFrame(dataSet, 1);
  return Array.from({ length: numberOfFrames }, (_, index) => ({ ...common, frameNumber: index + 1 }));
}

/** Reads the header of frame `frameNumber` (from 1), as {@link readFrames} does. */
export function readFrame(dataSet: DataSet, frameNumber: number): FrameHeader {
  const shared = readItem(dataSet, 'x52009229');
  const own = dataSet.elements.x52009230?.items?.[frameNumber - 1]?.dataSet ?? null;
  /** The macro's item that applies to this frame, or the top level of a classic object. */
  const macro = (tag: string): DataSet => readItem(own, tag) ?? readItem(shared, tag) ?? dataSet;
  const measures = macro('x00289110'); // Pixel Measures
  const pixelSpacing = readPixelSpacing(measures);
  const position = readDecimals(macro('x00209113'), 'x00200032'); // Plane Position
  const orientation = readDecimals(macro('x00209116'), 'x00200037'); // Plane Orientation
  const echo = macro('x00189114'); // MR Echo
  const frameType = readStrings(macro('x00189226'), 'x00089007'); // MR Image Frame Type
  return {
    frameNumber,
    imagePositionPatient: position.length === 3 ? (position as unknown as Vector) : null,
    imageOrientationPatient: isOrientation(orientation) ? orientation : null,
    pixelSpacing,
    pixelAspect: pixelSpacing ? plausibleAspect(pixelSpacing[0] / pixelSpacing[1]) : readAspectRatio(dataSet),
    sliceThickness: readDecimal(measures, 'x00180050'),
    rescale: readRescale(macro('x00289145')), // Pixel Value Transformation
    window: readWindow(macro('x00289132')), // Frame VOI LUT
    frameType: frameType.length > 0 ? frameType : readStrings(dataSet, 'x00080008'),
    temporalPositionIndex: readUnsignedLong(macro('x00209111'), 'x00209128') ?? readInteger(dataSet, 'x00200100'),
    echoTime: readDouble(echo, 'x00189082') ?? readDecimal(echo, 'x00180081'),
    diffusionBValue: readDouble(macro('x00189117'), 'x00189087'), // MR Diffusion
    complexComponent: readComplexComponent(macro('x00189226'), dataSet),
    inversionRecovery:
      readStrings(dataSet, 'x00180020').includes('IR') || readString(macro('x00189115'), 'x00189009') === 'YES',
  };
}

/** What writers that round cosines to two digits may add to a length or a dot product: 2 × √3 × 0.005. */
const ROUNDING = 0.018;

/** Whether these are two unit vectors at a right angle (PS3.3 C.7.6.2.1.1), within the rounding of real writers. */
function isOrientation(values: number[]): values is [number, number, number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = values;
  return (
    values.length === 6 &&
    Math.abs(Math.hypot(a, b, c) - 1) < ROUNDING &&
    Math.abs(Math.hypot(d, e, f) - 1) < ROUNDING &&
    Math.abs(a * d + b * e + c * f) < ROUNDING
  );
}

/** GE's private element "Image Type (real, imaginary, phase, magnitude)": its values in order. */
const GE_COMPONENTS: readonly ComplexComponent[] = ['MAGNITUDE', 'PHASE', 'REAL', 'IMAGINARY'];

function readComplexComponent(frameType: DataSet, dataSet: DataSet): ComplexComponent | null {
  const stated = (readString(frameType, 'x00089208') ?? readString(dataSet, 'x00089208'))?.toUpperCase();
  const known = ['MAGNITUDE', 'PHASE', 'REAL', 'IMAGINARY', 'MIXED'] as const;
  const component = known.find((value) => value === stated);
  if (component) return component;
  if (readString(dataSet, 'x00430010') !== 'GEMS_PARM_01') return null;
  const value = readShort(dataSet, 'x0043102f', true);
  return value === null ? null : (GE_COMPONENTS[value] ?? null);
}

function readPixelSpacing(measures: DataSet): readonly [number, number] | null {
  const [rows, columns] = readDecimals(measures, 'x00280030');
  return rows !== undefined && columns !== undefined && rows > 0 && columns > 0 ? [rows, columns] : null;
}

/** Pixel Aspect Ratio (0028,0034): vertical by horizontal (PS3.3 C.7.6.3.1.7). */
function readAspectRatio(dataSet: DataSet): number {
  const [vertical = 1, horizontal = 1] = readDecimals(dataSet, 'x00280034');
  return vertical > 0 && horizontal > 0 ? plausibleAspect(vertical / horizontal) : 1;
}

/** A larger ratio, or an inverse that is smaller, is a faulty header. */
const MOST_ASPECT = 10;

/** The height of a pixel by its width; 1, as of a square, where it is that of a faulty header. */
export function plausibleAspect(aspect: number): number {
  return aspect >= 1 / MOST_ASPECT && aspect <= MOST_ASPECT ? aspect : 1;
}

function readRescale(transformation: DataSet): Rescale | null {
  // A slope that cannot be read must not become another one: the frame fails when it is decoded.
  if (['x00281053', 'x00281052'].some((tag) => isNotANumber(transformation, tag)))
    return { slope: Number.NaN, intercept: Number.NaN };
  const slope = readDecimal(transformation, 'x00281053');
  const intercept = readDecimal(transformation, 'x00281052');
  return slope === null && intercept === null ? null : { slope: slope ?? 1, intercept: intercept ?? 0 };
}

/** The first window of the file (PS3.3 C.11.2.1.2 leaves the choice to us); null where it is not usable. */
function readWindow(voi: DataSet): VoiWindow | null {
  const center = readDecimal(voi, 'x00281050');
  const width = readDecimal(voi, 'x00281051');
  if (center === null || width === null) return null;
  const named = readStrings(voi, 'x00281056')[0];
  const name = named === 'LINEAR_EXACT' || named === 'SIGMOID' ? named : 'LINEAR';
  const usable = name === 'LINEAR' ? width >= 1 : width > 0;
  return usable ? { center, width, function: name } : null;
}

function readUnsignedLong(dataSet: DataSet, tag: string): number | null {
  return dataSet.elements[tag]?.length === 4 ? (dataSet.uint32(tag) ?? null) : null;
}
