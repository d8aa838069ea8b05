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

/** The values of a text element of the default repertoire (AE, AS, CS, DA, DS, IS, TM, UI), without their padding. */
export function readStrings(dataSet: DataSet, tag: string): string[] {
  const bytes = valueBytes(dataSet, tag);
  return bytes ? latin1(bytes).split('\\').map(withoutPadding) : [];
}

/** The first of {@link readStrings}; null when absent or empty. */
export function readString(dataSet: DataSet, tag: string): string | null {
  return readStrings(dataSet, tag)[0] || null;
}

/**
 * A UI element, whole: several values are none, and nothing but the padding behind it is left out, so that no two
 * values become one. Who uses it validates it (requireUid). Null when absent or empty.
 */
export function readUid(dataSet: DataSet, tag: string): string | null {
  const bytes = valueBytes(dataSet, tag);
  return bytes === null ? null : latin1(bytes).replace(/[\0 ]+$/, '') || null;
}

/**
 * A text element in the data set's character set (LO, PN, SH), whole: of the attributes read here none has several
 * values, so a backslash is a character like any other. Null when absent or empty.
 */
export function readText(dataSet: DataSet, tag: string, characterSets: readonly string[]): string | null {
  const bytes = valueBytes(dataSet, tag);
  return bytes === null ? null : withoutPadding(decodeText(bytes, characterSets)) || null;
}

/** A PN element, as {@link readText}, without control characters: a name is shown, and nothing is filed under it. */
export function readName(dataSet: DataSet, tag: string, characterSets: readonly string[]): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return readText(dataSet, tag, characterSets)?.replace(/[\x01-\x1f\x7f\u2400]/g, '') || null;
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

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/**
 * PS3.5 6.2: blanks around a value mean nothing, nor do the NULs that careless writers pad with. All else stays as it
 * came, control characters too: two values that differ must not become one. PostgreSQL holds no NUL, so one within a
 * value is shown by its symbol.
 */
function withoutPadding(text: string): string {
  return text
    .replace(/[\0 ]+$/, '')
    .replace(/^ +/, '')
    .replaceAll('\0', '\u2400');
}
