import { readFile, stat } from 'node:fs/promises';
import dcmjs from 'dcmjs';
import type { DataSet } from 'dicom-parser';
import { InvalidDicom } from '../../errors/errors.js';
import { type Header, readHeader } from './readHeader.js';

/** Largest file that is compared, in bytes. The pixels of larger files count as different. */
const MOST_COMPARED = 256 * 1024 * 1024;
const PIXEL_DATA = 'PixelData';

/** Tags of groups that do not affect what an image shows or where: identification, clinical trial, procedure. */
const IDENTIFYING = /^x(?:0002|0010|0012|0032|0038|0040|0400)/;
/** Such tags of group 0008: all but SOP class, image type and modality. */
const IDENTIFYING_0008 = /^x0008(?!0008|0016|0060)/;

/**
 * Compares two objects with the same UID.
 * @returns `differing`: the top-level attributes with different values, by keyword, or as "(gggg,eeee)" where the
 *   dictionary has none. A sequence counts as a whole. `depicts`: whether any difference may change what the image
 *   shows.
 * Files that are too large, or cannot be parsed, differ in PixelData.
 * @throws the file system's errors.
 */
export async function compareObjects(first: string, other: string): Promise<{ differing: string[]; depicts: boolean }> {
  const unknown = { differing: [PIXEL_DATA], depicts: true };
  const sizes = await Promise.all([first, other].map(async (path) => (await stat(path)).size));
  if (sizes.some((size) => size > MOST_COMPARED)) return unknown;
  try {
    const [a, b] = [readHeader(await readFile(first)), readHeader(await readFile(other))];
    return compareHeaders(a, b);
  } catch (error) {
    if (error instanceof InvalidDicom) return unknown;
    throw error;
  }
}

function compareHeaders(a: Header, b: Header): { differing: string[]; depicts: boolean } {
  const tags = new Set([...Object.keys(a.dataSet.elements), ...Object.keys(b.dataSet.elements)]);
  tags.delete('x7fe00010');
  const differing = [...tags]
    .filter((tag) => !elementValue(a.dataSet, tag).equals(elementValue(b.dataSet, tag)))
    .sort();
  const samePixels = a.transferSyntaxUid === b.transferSyntaxUid && pixels(a).equals(pixels(b));
  const depicts = !samePixels || differing.some((tag) => !IDENTIFYING.test(tag) && !IDENTIFYING_0008.test(tag));
  return { differing: [...differing.map(keywordOf), ...(samePixels ? [] : [PIXEL_DATA])], depicts };
}

/** The bytes of an element's value without trailing padding. */
function elementValue({ elements, byteArray }: DataSet, tag: string): Buffer {
  const element = elements[tag];
  if (!element) return Buffer.alloc(0);
  const { dataOffset, length } = element;
  const bytes = Buffer.from(byteArray.buffer, byteArray.byteOffset, byteArray.byteLength).subarray(
    dataOffset,
    dataOffset + length,
  );
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20)) end--;
  return bytes.subarray(0, end);
}

function pixels({ bytes, pixelData }: Header): Buffer {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return pixelData ? whole.subarray(pixelData.dataOffset) : Buffer.alloc(0);
}

function keywordOf(tag: string): string {
  const name = `(${tag.slice(1, 5)},${tag.slice(5)})`.toUpperCase();
  return dcmjs.data.DicomMetaDictionary.dictionary[name]?.name ?? name;
}
