/** How a slice is meant to be displayed: PS3.3 C.11.2.1.2 (window) and C.11.2.1.3 (its function). */
export type DisplayWindow = { center: number; width: number; function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' };

/**
 * One slice as inference eats it.
 * `pixels`: row by row, modality values (after rescale, before any window); larger is always brighter
 * (MONOCHROME1 is already inverted).
 * `pixelSpacing`: mm between rows, mm between columns; absent where the file does not say.
 */
export type GrayscaleImage = {
  rows: number;
  columns: number;
  pixels: Float32Array;
  pixelSpacing?: readonly [number, number];
  window?: DisplayWindow;
};
