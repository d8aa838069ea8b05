/** The window in which a slice is meant to be displayed (PS3.3 C.11.2.1.2), and its function (C.11.2.1.3). */
export type DisplayWindow = { center: number; width: number; function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' };

/**
 * One slice as inference takes it.
 * `pixels`: row by row, modality values (after rescale, before any window). A larger value is always brighter;
 * MONOCHROME1 is inverted already.
 * `pixelSpacing`: mm between rows, then between columns; absent where the file does not say.
 */
export type GrayscaleImage = {
  rows: number;
  columns: number;
  pixels: Float32Array;
  pixelSpacing?: readonly [number, number];
  pixelAspect?: number;
  window?: DisplayWindow;
};
