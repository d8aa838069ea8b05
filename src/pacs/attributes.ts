import type { DataSet } from 'dicom-parser';
import { decodeText } from './characterSet.js';

/** Longer values of the attributes read here are not values, and count as absent; in bytes. */
const LONGEST_VALUE = 1024;

/** The bytes of an element's value; null when absent, shorter than `atLeast`, too long, or outside the file. */
function valueBytes(dataSet: DataSet, tag: string, atLeast = 1): Uint8Array | null {
  const element = dataSet.elements[tag];
  if (!element || element.length < atLeast || element.length > LONGEST_VALUE) return null;
  if (element.dataOffset + element.length > dataSet.byteArray.length) return null;
  return dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
}

/** The values of a text element of the default repertoire (AE, AS, CS, DA, DS, IS, TM, UI), trimmed. */
export function readStrings(dataSet: DataSet, tag: string): string[] {
  const bytes = valueBytes(dataSet, tag);
  if (!bytes) return [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.split('\\').map((value) => withoutControls(value).trim());
}

/** The first of {@link readStrings}; null when absent or empty. */
export function readString(dataSet: DataSet, tag: string): string | null {
  return readStrings(dataSet, tag)[0] || null;
}

/** The first value of a text element in the data set's character set (LO, PN, SH); null when absent or empty. */
export function readText(dataSet: DataSet, tag: string, characterSets: readonly string[]): string | null {
  const bytes = valueBytes(dataSet, tag);
  if (!bytes) return null;
  const [first = ''] = decodeText(bytes, characterSets).split('\\');
  return withoutControls(first).trim() || null;
}

/** The values of a DS or IS element; values that are no finite number make the whole element absent. */
export function readDecimals(dataSet: DataSet, tag: string): number[] {
  const numbers = readStrings(dataSet, tag).map((value) => (value === '' ? Number.NaN : Number(value)));
  return numbers.every(Number.isFinite) ? numbers : [];
}

/** The first value of a DS or IS element, whatever the others are; null when it is absent or no finite number. */
export function readDecimal(dataSet: DataSet, tag: string): number | null {
  const value = readString(dataSet, tag);
  const number = value === null ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

/** An IS element as an integer that JavaScript and PostgreSQL hold exactly (32 bits); null otherwise. */
export function readInteger(dataSet: DataSet, tag: string): number | null {
  const number = readDecimal(dataSet, tag);
  return number !== null && Number.isInteger(number) && Math.abs(number) <= 0x7fffffff ? number : null;
}

/** An FD element's first value; null when absent or not finite. */
export function readDouble(dataSet: DataSet, tag: string): number | null {
  if (valueBytes(dataSet, tag, 8) === null) return null;
  const number = dataSet.double(tag);
  return number !== undefined && Number.isFinite(number) ? number : null;
}

/** A US element's first value; null when absent. */
export function readUnsignedShort(dataSet: DataSet, tag: string): number | null {
  return valueBytes(dataSet, tag, 2) === null ? null : (dataSet.uint16(tag) ?? null);
}

/** A US-or-SS element's first value, read as Pixel Representation (0028,0103) says. */
export function readShort(dataSet: DataSet, tag: string, signed: boolean): number | null {
  if (valueBytes(dataSet, tag, 2) === null) return null;
  return (signed ? dataSet.int16(tag) : dataSet.uint16(tag)) ?? null;
}

/** The items of a sequence; empty when absent. */
export function readItems(dataSet: DataSet, tag: string): DataSet[] {
  return (dataSet.elements[tag]?.items ?? []).flatMap((item) => (item.dataSet ? [item.dataSet] : []));
}

/** The first item of a sequence; null when absent or empty. */
export function readItem(dataSet: DataSet | null, tag: string): DataSet | null {
  return dataSet?.elements[tag]?.items?.[0]?.dataSet ?? null;
}

/** Without C0 control characters: none belongs into these values, and PostgreSQL cannot hold a NUL. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\0-\x1f\x7f]/g, '');
}
