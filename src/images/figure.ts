import { INTENDED_USE } from '../about.js';
import { Canvas, LINE_HEIGHT, textWidth } from './canvas.js';
import { BACKGROUND, drawScale, INK, WARNING } from './caption.js';
import { type ExplanationMap, fullScale, peakOf } from './heatmap.js';
import type { Picture } from './png.js';
import { renderHeatmap, renderOverlay, renderRawMap } from './renderOverlay.js';
import { squareSize } from './squarePixels.js';

const CELL = 128; // pixels, the longer side of a slice
const GAP = 8;
const ROWS = ['raw map', 'upsampled', 'overlay'] as const;
const OPACITY = 0.6;

/** One column of a figure: a layer and its map. */
export type FigureColumn = { layer: string; map: ExplanationMap };

/**
 * Draws the maps of one slice, a column for each layer. The rows show the map as computed, the map on the slice's grid,
 * and the map over the slice. Each column states its own scale, so that nobody compares two columns by colour.
 * @param grey the slice as displayed, 8 bits.
 * @param title without patient data.
 */
export function renderFigure(
  grey: Uint8Array,
  size: { rows: number; columns: number; pixelAspect?: number | undefined },
  columns: readonly FigureColumn[],
  title: string,
): Picture {
  const square = squareSize(size);
  const factor = CELL / Math.max(square.width, square.height);
  const cell = { width: Math.round(square.width * factor), height: Math.round(square.height * factor) };
  const left = Math.max(...ROWS.map(textWidth)) + 2 * GAP;
  const top = 3 * LINE_HEIGHT + 2 * GAP;
  const warning = `${INTENDED_USE}. Each column has its own scale.`;
  const width = Math.max(
    left + columns.length * (CELL + GAP),
    ...[title, warning].map((line) => textWidth(line) + 2 * GAP),
  );
  const height = top + ROWS.length * (cell.height + GAP) + LINE_HEIGHT + GAP;
  const canvas = new Canvas(width, height, BACKGROUND);
  canvas.text(title, GAP, GAP, INK);
  canvas.text(warning, GAP, GAP + LINE_HEIGHT, WARNING);
  for (const [row, label] of ROWS.entries())
    canvas.text(label, GAP, top + row * (cell.height + GAP) + Math.floor((cell.height - LINE_HEIGHT) / 2), INK);
  for (const [index, { layer, map }] of columns.entries()) {
    const x = left + index * (CELL + GAP);
    canvas.text(shorten(layer), x, top - LINE_HEIGHT - 2, INK);
    const pictures = [renderRawMap(map), renderHeatmap(map, size), renderOverlay(grey, map, size, OPACITY)];
    for (const [row, picture] of pictures.entries()) canvas.picture(picture, x, top + row * (cell.height + GAP), cell);
    const below = top + ROWS.length * (cell.height + GAP);
    if (peakOf(map)) drawScale(canvas, x, below, cell.width, fullScale(map));
    else canvas.text('empty: says nothing', x, below, WARNING);
  }
  return canvas.toPicture();
}

/** Shortens a name from its beginning, which says less than its end: "…layer4.1.conv2". */
function shorten(name: string): string {
  let end = name;
  while (textWidth(end) > CELL) end = `…${end.slice(end.startsWith('…') ? 2 : 1)}`;
  return end;
}
