import type { DataSet } from 'dicom-parser';
import { decodeText } from './characterSet.js';

/**
 * Longest value that is read, in bytes. The attributes read here are all shorter, so a longer value counts as absent.
 */
const LONGEST_VALUE = 1024;

/**
 * The bytes of an element's value. Null where the element is absent, shorter than `atLeast`, longer than LONGEST_VALUE,
 * or outside the file.
 */
function valueBytes(dataSet: DataSet, tag: string, atLeast = 1): Uint8Array | null {
  const element = dataSet.elements[tag];
  if (!element || element.length < atLeast || element.length > LONGEST_VALUE) return null;
  if (element.dataOffset + element.length > dataSet.byteArray.length) return null;
  return dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
}

/**
 * The values of a text element in the default character repertoire (AE, AS, CS, DA, DS, IS, TM, UI), without padding.
 * Empty when absent.
 */
export function readStrings(dataSet: DataSet, tag: string): string[] {
  const bytes = valueBytes(dataSet, tag);
  return bytes ? latin1(bytes).split('\\').map(withoutPadding) : [];
}

/** The first value of {@link readStrings}; null when absent or empty. */
export function readString(dataSet: DataSet, tag: string): string | null {
  return readStrings(dataSet, tag)[0] || null;
}

/**
 * The value of a UI element without its trailing padding; null when absent or empty. Several values are not split and
 * nothing else is stripped, so that two different values never become equal. The caller validates it with requireUid.
 */
export function readUid(dataSet: DataSet, tag: string): string | null {
  const bytes = valueBytes(dataSet, tag);
  return bytes === null ? null : latin1(bytes).replace(/[\0 ]+$/, '') || null;
}

/**
 * The value of a text element (LO, PN, SH) in the data set's character sets; null when absent or empty. None of the
 * attributes read here has several values, so a backslash is an ordinary character.
 */
export function readText(dataSet: DataSet, tag: string, characterSets: readonly string[]): string | null {
  const bytes = valueBytes(dataSet, tag);
  return bytes === null ? null : withoutPadding(decodeText(bytes, characterSets)) || null;
}

/**
 * The value of a PN element, as {@link readText} but without control characters. That is safe because names are shown
 * and never used as keys.
 */
export function readName(dataSet: DataSet, tag: string, characterSets: readonly string[]): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return readText(dataSet, tag, characterSets)?.replace(/[\x01-\x1f\x7f\u2400]/g, '') || null;
}

/** The values of a DS or IS element. Empty when absent, or when any value is not a finite number. */
export function readDecimals(dataSet: DataSet, tag: string): number[] {
  const numbers = readStrings(dataSet, tag).map(toNumber);
  return numbers.every(Number.isFinite) ? numbers : [];
}

/** The first value of a DS or IS element, whatever the others are; null when absent or not a finite number. */
export function readDecimal(dataSet: DataSet, tag: string): number | null {
  const number = toNumber(readString(dataSet, tag) ?? '');
  return Number.isFinite(number) ? number : null;
}

/**
 * A DS or IS value as a number; NaN where it is not one. A decimal comma, which some writers take from their locale, is read as
 * the point that it stands for (PS3.5 6.2 knows no comma in numbers).
 */
function toNumber(value: string): number {
  if (value === '') return Number.NaN;
  return Number(/^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i.test(value) ? value.replace(',', '.') : value);
}

/** Whether an element is there and not empty, and its first value is not a number. */
export function isNotANumber(dataSet: DataSet, tag: string): boolean {
  const value = readString(dataSet, tag);
  return value !== null && !Number.isFinite(toNumber(value));
}

/** An IS element as an integer of 32 bits, which PostgreSQL's integer columns hold; null otherwise. */
export function readInteger(dataSet: DataSet, tag: string): number | null {
  const number = readDecimal(dataSet, tag);
  return number !== null && Number.isInteger(number) && Math.abs(number) <= 0x7fffffff ? number : null;
}

/** The first value of an FD element; null when absent or not finite. */
export function readDouble(dataSet: DataSet, tag: string): number | null {
  if (valueBytes(dataSet, tag, 8) === null) return null;
  const number = dataSet.double(tag);
  return number !== undefined && Number.isFinite(number) ? number : null;
}

/** The first value of a US element; null when absent. */
export function readUnsignedShort(dataSet: DataSet, tag: string): number | null {
  return valueBytes(dataSet, tag, 2) === null ? null : (dataSet.uint16(tag) ?? null);
}

/** The first value of a "US or SS" element; `signed` is Pixel Representation (0028,0103). Null when absent. */
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
 * Strips padding: blanks around a value (PS3.5 6.2), and trailing NULs, which some writers use. Everything else stays,
 * control characters included, so that two different values never become equal. PostgreSQL stores no NUL, so one inside
 * a value becomes its symbol, U+2400.
 */
function withoutPadding(text: string): string {
  return text
    .replace(/[\0 ]+$/, '')
    .replace(/^ +/, '')
    .replaceAll('\0', '\u2400');
}
