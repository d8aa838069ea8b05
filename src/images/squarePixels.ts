import { plausibleAspect } from '../pacs/header/frames.js';
import type { Picture } from './png.js';

/** Most pixels of a stretched picture: some seconds of work, which holds up everything else. */
const MOST_PIXELS = 2048 * 2048;

type Stored = { rows: number; columns: number; pixelAspect?: number | undefined };

/**
 * Size in square pixels of a slice whose pixels are `pixelAspect` times as high as wide, 1 by default. The side that has too few
 * pixels grows, so that none is lost, up to MOST_PIXELS; then both shrink alike.
 */
export function squareSize({ rows, columns, pixelAspect = 1 }: Stored): { width: number; height: number } {
  const aspect = plausibleAspect(pixelAspect);
  if (aspect === 1) return { width: columns, height: rows };
  const [width, height] = [columns * Math.max(1, 1 / aspect), rows * Math.max(1, aspect)];
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Stretches a picture of a slice to square pixels, bilinear between pixel centres, so that a head is shown as it is shaped. */
export function squarePixels(picture: Picture, pixelAspect: number | undefined): Picture {
  const size = squareSize({ rows: picture.height, columns: picture.width, pixelAspect });
  if (size.width === picture.width && size.height === picture.height) return picture;
  return { ...size, channels: picture.channels, data: stretch(picture, size) };
}

function stretch({ width, height, channels, data }: Picture, size: { width: number; height: number }): Uint8Array {
  const stretched = new Uint8Array(size.width * size.height * channels);
  const columns = places(width, size.width);
  for (const [row, { before, after, part }] of places(height, size.height).entries())
    for (const [column, across] of columns.entries())
      for (let channel = 0; channel < channels; channel++) {
        const at = (y: number, x: number) => data[(y * width + x) * channels + channel] as number;
        const upper = at(before, across.before) * (1 - across.part) + at(before, across.after) * across.part;
        const lower = at(after, across.before) * (1 - across.part) + at(after, across.after) * across.part;
        stretched[(row * size.width + column) * channels + channel] = Math.round(upper * (1 - part) + lower * part);
      }
  return stretched;
}

/** For each new pixel along a side the two old ones that it lies between, and how far it is from the first. */
function places(from: number, to: number): { before: number; after: number; part: number }[] {
  return Array.from({ length: to }, (_, index) => {
    const place = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    const before = Math.floor(place);
    return { before, after: Math.min(before + 1, from - 1), part: place - before };
  });
}
