import { inflateSync } from 'node:zlib';
import { BITMAP, HEIGHT, LETTERS, WIDTHS } from './letters.js';
import type { Picture } from './png.js';

/** 0–255 for each channel. */
export type Colour = readonly [red: number, green: number, blue: number];

/** Height of a line of text, in pixels. */
export const LINE_HEIGHT = HEIGHT;
const ALPHA = inflateSync(Buffer.from(BITMAP, 'base64'));
const STRIDE = WIDTHS.reduce((sum, width) => sum + width, 0);
const LEFTS = WIDTHS.map((_, index) => WIDTHS.slice(0, index).reduce((sum, width) => sum + width, 0));
const UNKNOWN = LETTERS.indexOf('?');

/** An RGB picture to draw on: other pictures, rectangles, text. Places are in pixels from the upper left corner. */
export class Canvas {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
    background: Colour,
  ) {
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, () => background);
  }

  /** Fills a rectangle; `colour` gives each pixel by its place in the rectangle. */
  fill(left: number, top: number, width: number, height: number, colour: (x: number, y: number) => Colour): void {
    const { data } = this;
    for (let y = 0; y < height; y++) {
      let place = ((top + y) * this.width + left) * 3;
      for (let x = 0; x < width; x++) {
        const [red, green, blue] = colour(x, y);
        data[place++] = red;
        data[place++] = green;
        data[place++] = blue;
      }
    }
  }

  /** Draws a grey or RGB picture, enlarged or reduced to `size` without smoothing, so that cells stay cells. */
  picture({ width, height, channels, data }: Picture, left: number, top: number, size = { width, height }): void {
    this.fill(left, top, size.width, size.height, (x, y) => {
      const column = Math.floor(((x + 0.5) * width) / size.width);
      const index = (Math.floor(((y + 0.5) * height) / size.height) * width + column) * channels;
      const at = (channel: number) => data[index + (channels === 1 ? 0 : channel)] as number;
      return [at(0), at(1), at(2)];
    });
  }

  /**
   * Draws one line of text, cut off where it does not fit. Letters that the font does not have become question marks.
   * @param factor width and height of a pixel of the font, in pixels.
   */
  text(text: string, left: number, top: number, colour: Colour, factor = 1): void {
    let x = left;
    for (const letter of text) {
      const index = indexOf(letter);
      const width = (WIDTHS[index] as number) * factor;
      for (let row = 0; row < HEIGHT * factor && top + row < this.height; row++) {
        const start = Math.floor(row / factor) * STRIDE + (LEFTS[index] as number);
        for (let column = 0; column < width && x + column < this.width; column++) {
          const alpha = (ALPHA[start + Math.floor(column / factor)] as number) / 255;
          const place = ((top + row) * this.width + x + column) * 3;
          for (let channel = 0; channel < 3; channel++)
            this.data[place + channel] =
              (this.data[place + channel] as number) * (1 - alpha) + (colour[channel] as number) * alpha;
        }
      }
      x += width;
    }
  }

  /** The drawn picture; it shares its data with the canvas. */
  toPicture(): Picture {
    return { width: this.width, height: this.height, channels: 3, data: this.data };
  }
}

/** Width of a line of text, in pixels. */
export function textWidth(text: string): number {
  return [...text].reduce((sum, letter) => sum + (WIDTHS[indexOf(letter)] as number), 0);
}

function indexOf(letter: string): number {
  const index = LETTERS.indexOf(letter);
  return index < 0 ? UNKNOWN : index;
}
