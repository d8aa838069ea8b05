import { INTENDED_USE } from '../intendedUse.js';
import { Canvas, type Colour, LINE_HEIGHT, textWidth } from './canvas.js';
import { INFERNO } from './colourMap.js';
import type { Picture } from './png.js';

export const BACKGROUND: Colour = [18, 18, 22];
export const INK: Colour = [225, 225, 230];
export const WARNING: Colour = [255, 196, 110];

const MARGIN = 8;
const BAR_HEIGHT = 10;
const SMALLEST_WIDTH = 400;

/**
 * A heat map or an overlay with what it must not be shown without: what it is, its scale, and what it is for.
 * @param lines of text, without a patient's data.
 * @param scale the value of the strongest colour.
 */
export function addCaption(picture: Picture, lines: readonly string[], scale: number): Picture {
  const { height, size, text, width } = layOutCaption(picture, lines);
  const canvas = new Canvas(width, height, BACKGROUND);
  canvas.picture(picture, 0, 0, size);
  let top = size.height + MARGIN;
  for (const line of text) {
    canvas.text(line, MARGIN, top, INK);
    top += LINE_HEIGHT;
  }
  drawScale(canvas, MARGIN, top, size.width - 2 * MARGIN, scale);
  canvas.text(`${INTENDED_USE}.`, MARGIN, top + LINE_HEIGHT, WARNING);
  return canvas.toPicture();
}

/** `width`, `height`: of the whole; `size`: of the picture in it, enlarged where text needs it; `text`: the lines, wrapped. */
export function layOutCaption(picture: { width: number; height: number }, lines: readonly string[]) {
  const factor = Math.max(1, Math.ceil(SMALLEST_WIDTH / picture.width));
  const size = { width: picture.width * factor, height: picture.height * factor };
  const text = lines.flatMap((line) => wrap(line, size.width - 2 * MARGIN));
  const rows = text.length + 2; // and the bar, and the intended use
  return { width: size.width, height: size.height + rows * LINE_HEIGHT + 2 * MARGIN, size, text };
}

/** The colours from 0 to `scale`, with both numbers, in one line. */
export function drawScale(canvas: Canvas, left: number, top: number, width: number, scale: number): void {
  const [low, high] = ['0 ', ` ${scale.toPrecision(3)}`];
  const [before, after] = [textWidth(low), textWidth(high)];
  const length = width - before - after;
  canvas.text(low, left, top, INK);
  canvas.fill(left + before, top + Math.floor((LINE_HEIGHT - BAR_HEIGHT) / 2), length, BAR_HEIGHT, (x) => {
    return INFERNO[Math.round((x / (length - 1)) * 255)] as Colour;
  });
  canvas.text(high, left + before + length, top, INK);
}

function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
