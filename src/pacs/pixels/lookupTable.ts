import type { DataSet } from 'dicom-parser';
import { UndecodablePixels } from '../../errors/errors.js';
import { readUnsignedShort } from '../header/attributes.js';

/**
 * A table of PS3.3 C.11.1.1 or C.11.2.1.1: `values[0]` is for `first` and everything below, the next for `first` + 1,
 * the last for everything above. `bits`: of each value, 8 to 16.
 */
export type LookupTable = { first: number; values: Uint16Array; bits: number };

/**
 * Reads the LUT Descriptor (0028,3002) – entries, 0 meaning 65536; first value; bits – and LUT Data (0028,3006) of
 * `item`; null where it has no data. `signed`: whether the first value may be negative.
 * @throws UndecodablePixels where the data are shorter than the descriptor says.
 */
export function readLookupTable(item: DataSet | null, signed: boolean): LookupTable | null {
  const data = item?.elements.x00283006;
  if (!item || !data) return null;
  const entries = readUnsignedShort(item, 'x00283002') || 65_536;
  const first = (signed ? item.int16('x00283002', 1) : item.uint16('x00283002', 1)) ?? 0;
  const bits = item.uint16('x00283002', 2) ?? 16;
  const available = Math.min(data.length, item.byteArray.length - data.dataOffset);
  const word = (index: number) => item.uint16('x00283006', index) ?? 0;
  if (available >= entries * 2) {
    return { first, values: Uint16Array.from({ length: entries }, (_, index) => word(index)), bits: within(bits) };
  }
  // C.11.1.1.1: entries of 8 bits take a byte each, two to a word.
  if (bits === 8 && available >= entries + (entries % 2)) {
    const byte = (index: number) => (word(index >> 1) >> (8 * (index & 1))) & 0xff;
    return { first, values: Uint16Array.from({ length: entries }, (_, index) => byte(index)), bits };
  }
  throw new UndecodablePixels('A lookup table is shorter than its descriptor says. Export the image again.');
}

/** The value of `table` for `input`, which need not be whole. */
export function lookUp({ first, values }: LookupTable, input: number): number {
  return values[Math.min(Math.max(Math.round(input - first), 0), values.length - 1)] as number;
}

function within(bits: number): number {
  return bits >= 8 && bits <= 16 ? bits : 16;
}
