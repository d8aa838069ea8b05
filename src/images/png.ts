import { encode } from 'fast-png';
import { INTENDED_USE } from '../intendedUse.js';

/** `data`: 8 bits a sample, row by row; `channels` 1 (grey), 3 (RGB) or 4 (RGBA). */
export type Picture = { width: number; height: number; channels: 1 | 3 | 4; data: Uint8Array };

/** A PNG file that carries our intended use in its text, whoever passes it on. */
export function encodePng({ width, height, channels, data }: Picture): Buffer {
  const text = { Software: 'MRIMaster', Disclaimer: INTENDED_USE.replace('–', '-') }; // tEXt holds Latin-1 only
  return Buffer.from(encode({ width, height, channels, data, depth: 8, text }));
}
