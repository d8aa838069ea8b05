import { encode } from 'fast-png';
import { INTENDED_USE } from '../about.js';

/** A picture. `data`: 8 bits a sample, row by row. `channels`: 1 (grey), 3 (RGB) or 4 (RGBA). */
export type Picture = { width: number; height: number; channels: 1 | 3 | 4; data: Uint8Array };

/**
 * Encodes a picture as PNG. The file's text carries our intended use, whoever passes it on.
 * @param description what it shows, without patient data.
 */
export function encodePng({ width, height, channels, data }: Picture, description?: string): Buffer {
  const disclaimer = { Software: 'MRIMaster', Disclaimer: INTENDED_USE.replace('–', '-') }; // tEXt holds Latin-1 only
  const text = description === undefined ? disclaimer : { ...disclaimer, Description: description };
  return Buffer.from(encode({ width, height, channels, data, depth: 8, text }));
}
