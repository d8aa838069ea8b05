import { INTENDED_USE } from '../about.js';
import { Canvas, type Colour, LINE_HEIGHT, textWidth } from './canvas.js';
import { INFERNO } from './colourMap.js';
import type { Picture } from './png.js';

/** Colours of captions: background, ordinary text, warnings. */
export const BACKGROUND: Colour = [18, 18, 22];
export const INK: Colour = [225, 225, 230];
export const WARNING: Colour = [255, 196, 110];

const MARGIN = 8;
const BAR_HEIGHT = 10;
const SMALLEST_WIDTH = 400;
/**
 * Longest side to which a picture is enlarged for its text. A picture of a few columns would otherwise fill all memory.
 */
const LARGEST_SIDE = 4096;

/**
 * What every shown picture must say, without patient data. `answer`: the largest line, above the picture. `isAnswer`:
 * false where it says that there is no answer. `lines`: below the picture.
 */
export type Caption = { answer: string; isAnswer: boolean; lines: readonly string[] };

const ANSWER_FACTOR = 2;

/**
 * Puts a picture between its answer and its description, scale and intended use.
 * @param scale the value of the strongest colour; null for a picture without a map.
 */
export function addCaption(picture: Picture, caption: Caption, scale: number | null): Picture {
  const { height, size, answer, text, top, width } = layOutCaption(picture, caption);
  const canvas = new Canvas(width, height, BACKGROUND);
  const colour = caption.isAnswer ? INK : WARNING;
  for (const [index, line] of answer.entries())
    canvas.text(line, MARGIN, MARGIN + index * LINE_HEIGHT * ANSWER_FACTOR, colour, ANSWER_FACTOR);
  canvas.picture(picture, 0, top, size);
  let next = top + size.height + MARGIN;
  for (const line of text) {
    canvas.text(line, MARGIN, next, INK);
    next += LINE_HEIGHT;
  }
  if (scale !== null) drawScale(canvas, MARGIN, next, width - 2 * MARGIN, scale);
  canvas.text(`${INTENDED_USE}.`, MARGIN, next + LINE_HEIGHT, WARNING);
  return canvas.toPicture();
}

/**
 * Lays out a picture with its caption.
 * @returns `width`, `height`: of the whole, in pixels. `size`: of the picture in it, enlarged where the text needs it;
 *   `top`: where it begins. `answer`, `text`: the wrapped lines above and below it.
 */
export function layOutCaption(picture: { width: number; height: number }, caption: Pick<Caption, 'answer' | 'lines'>) {
  const largest = Math.floor(LARGEST_SIDE / Math.max(picture.width, picture.height));
  const factor = Math.max(1, Math.min(Math.ceil(SMALLEST_WIDTH / picture.width), largest));
  const size = { width: picture.width * factor, height: picture.height * factor };
  const width = Math.max(size.width, SMALLEST_WIDTH);
  const room = width - 2 * MARGIN;
  const answer = wrap(caption.answer, Math.floor(room / ANSWER_FACTOR));
  const text = caption.lines.flatMap((line) => wrap(line, room));
  const top = 2 * MARGIN + answer.length * LINE_HEIGHT * ANSWER_FACTOR;
  const rows = text.length + 2; // plus the scale and the intended use
  return { width, height: top + size.height + rows * LINE_HEIGHT + 2 * MARGIN, size, answer, text, top };
}

/** Draws the colours from 0 to `scale` between the two numbers, in one line. */
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
