import type { DataSet } from 'dicom-parser';
import { UndecodablePixels } from '../../errors/errors.js';
import { readUnsignedShort } from '../header/attributes.js';

/**
 * A lookup table (PS3.3 C.11.1.1, C.11.2.1.1). `values[0]` is for the input `first` and everything below, the last one
 * for everything above its own input. `bits`: of each value, 8 to 16.
 */
export type LookupTable = { first: number; values: Uint16Array; bits: number };

/**
 * Reads LUT Descriptor (0028,3002) and LUT Data (0028,3006) of `item`; null where it has no data. The descriptor has
 * the number of entries (0 means 65536), the first input and the bits of a value.
 * @param signed whether the first input may be negative.
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
    return { first, values: Uint16Array.from({ length: entries }, (_, index) => word(index)), bits: validBits(bits) };
  }
  // C.11.1.1.1: entries of 8 bits take a byte each, two to a word.
  if (bits === 8 && available >= entries + (entries % 2)) {
    const byte = (index: number) => (word(index >> 1) >> (8 * (index & 1))) & 0xff;
    return { first, values: Uint16Array.from({ length: entries }, (_, index) => byte(index)), bits };
  }
  throw new UndecodablePixels('A lookup table is shorter than its descriptor says. Export the image again.');
}

/** The table's value for `input`, which may have fractions. */
export function lookUp({ first, values }: LookupTable, input: number): number {
  return values[Math.min(Math.max(Math.round(input - first), 0), values.length - 1)] as number;
}

function validBits(bits: number): number {
  return bits >= 8 && bits <= 16 ? bits : 16;
}
