import { constants, inflateRawSync } from 'node:zlib';
import dicomParser, { type ByteArrayParser, type ByteStream, type DataSet, type Element } from 'dicom-parser';
import { InvalidDicom } from '../../errors/errors.js';
import { locateDataSet } from './locateDataSet.js';
import { DEFLATED_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN } from './transferSyntax.js';

/**
 * Everything in front of the pixels.
 * `bytes`: what element offsets point into; the inflated data set where the file is deflated.
 * `pixelData`: the PixelData element with its value unread; null where the data set has none.
 */
export type Header = {
  dataSet: DataSet;
  bytes: Uint8Array;
  transferSyntaxUid: string;
  bigEndian: boolean;
  pixelData: Element | null;
};

const PIXEL_DATA = 'x7fe00010';

/** Largest inflated data set, in bytes. */
const MAX_INFLATED = 128 * 1024 * 1024;

/**
 * Larger data sets may inflate to MAX_INFLATION times their size at most. Images inflate to two or three times, bombs
 * to a thousand.
 */
const MAX_FREELY_INFLATED = 16 * 1024 * 1024;
const MAX_INFLATION = 100;

/**
 * A deflated data set whose header lies in its first HEADER_INPUT bytes may not inflate to more than its pixels and
 * BEHIND_PIXELS bytes.
 */
const HEADER_INPUT = 64 * 1024;
const BEHIND_PIXELS = 1024 * 1024;

/** Most elements and items in front of the pixels. Each takes some 200 bytes of memory, and a sender pays far less. */
const MAX_ELEMENTS = 1_000_000;

/**
 * Reads the data set up to Pixel Data (7FE0,0010). `input` is not changed.
 * @throws InvalidDicom for anything that is not a complete header; nothing else.
 */
export function readHeader(input: Uint8Array): Header {
  const bytes = plain(input);
  const { offset, transferSyntaxUid, explicit, bigEndian } = locateDataSet(bytes);
  const deflated = transferSyntaxUid === DEFLATED_LITTLE_ENDIAN;
  const content = deflated ? inflateDataSet(bytes.subarray(offset)) : bytes;
  const start = deflated ? 0 : offset;
  const parser = bigEndian ? dicomParser.bigEndianByteArrayParser : dicomParser.littleEndianByteArrayParser;
  const dataSet = parseDataSet(content, start, parser, explicit);
  const pixelData = dataSet.elements[PIXEL_DATA] ?? null;
  return { dataSet, bytes: content, transferSyntaxUid, bigEndian, pixelData };
}

/**
 * Reads a data set without preamble and file meta information, such as a C-FIND match, in an uncompressed little-endian
 * transfer syntax.
 * @throws InvalidDicom.
 */
export function readDataSet(bytes: Uint8Array, transferSyntaxUid: string): DataSet {
  const explicit = transferSyntaxUid !== IMPLICIT_LITTLE_ENDIAN;
  return parseDataSet(plain(bytes), 0, dicomParser.littleEndianByteArrayParser, explicit);
}

function parseDataSet(bytes: Uint8Array, start: number, parser: ByteArrayParser, explicit: boolean): DataSet {
  const truncated = 'The header ends in the middle of an element. The file is truncated: send or copy it again.';
  if (start >= bytes.length) throw new InvalidDicom(truncated);
  try {
    const stream = new dicomParser.ByteStream(parser, bytes, start);
    superviseElements(stream);
    // The typings declare DataSet as an interface; it is a class whose constructor takes these three.
    const DataSetClass = (dicomParser as unknown as { DataSet: new (...args: unknown[]) => DataSet }).DataSet;
    const dataSet = new DataSetClass(parser, bytes, {});
    dataSet.warnings = [];
    const parse = explicit ? dicomParser.parseDicomDataSetExplicit : dicomParser.parseDicomDataSetImplicit;
    parse(dataSet, stream, bytes.length, { untilTag: PIXEL_DATA });
    const warnings = [...dataSet.warnings, ...stream.warnings];
    const cutShort = warnings.some((warning) => warning.startsWith('eof') && !warning.includes('peeking'));
    if (stream.position > bytes.length || cutShort) throw new InvalidDicom(truncated);
    return dataSet;
  } catch (error) {
    if (error instanceof InvalidDicom) throw error;
    // dicom-parser throws strings and TypeErrors; a sequence nested ten thousand deep overflows the stack.
    throw new InvalidDicom(
      error instanceof RangeError
        ? 'The header nests too deeply or points outside the file. Export the object again from its source.'
        : 'The header is damaged or truncated. Send or copy the file again.',
    );
  }
}

/**
 * Limits and corrects what dicom-parser reads from `stream`.
 * It counts elements: the parser reads the VR of each explicit element as a string, and the length of each implicit
 * element and item as a uint32. It also replaces the VRs that the parser does not know, whose lengths have four bytes
 * (PS3.5 7.1.2), by OB, which it does.
 */
function superviseElements(stream: ByteStream): void {
  let elements = 0;
  const count = () => {
    if (++elements > MAX_ELEMENTS) {
      throw new InvalidDicom(`The header holds more than ${MAX_ELEMENTS} elements. Export the object again.`);
    }
  };
  const { readUint32, readFixedString } = stream;
  stream.readUint32 = () => {
    count();
    return readUint32.call(stream);
  };
  stream.readFixedString = (length) => {
    count();
    const vr = readFixedString.call(stream, length);
    return vr === 'OV' || vr === 'SV' || vr === 'UV' ? 'OB' : vr;
  };
}

/**
 * Inflates the data set of a file in the deflated transfer syntax. `bytes` begin where the data set does.
 * @throws InvalidDicom where it is damaged, or larger than its header and pixels can be.
 */
export function inflateDataSet(bytes: Uint8Array): Uint8Array {
  const most = Math.min(MAX_INFLATED, Math.max(MAX_FREELY_INFLATED, MAX_INFLATION * bytes.length));
  const maxOutputLength = Math.min(most, impliedBytes(bytes));
  try {
    // PS3.5 A.5: a raw deflate stream (RFC 1951) without zlib's header. Images fit into one chunk, which saves a copy.
    const inflated = inflateRawSync(bytes, {
      maxOutputLength,
      chunkSize: Math.min(maxOutputLength, Math.max(4 * bytes.length, 65_536)),
    });
    return plain(inflated);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new InvalidDicom(
        maxOutputLength < most
          ? 'The deflated data set is larger than its header declares. Send or copy the file again.'
          : `The deflated data set is larger than ${Math.floor(most / 1024 / 1024)} MiB. Send the object uncompressed.`,
      );
    }
    throw new InvalidDicom('The deflated data set is damaged or truncated. Send or copy the file again.');
  }
}

/**
 * Largest size that the header of a deflated data set implies; infinite where the header is not at its beginning, or
 * has no pixels.
 */
function impliedBytes(bytes: Uint8Array): number {
  try {
    const start = inflateRawSync(bytes.subarray(0, HEADER_INPUT), {
      finishFlush: constants.Z_SYNC_FLUSH, // the input is cut off on purpose
      maxOutputLength: MAX_FREELY_INFLATED,
    });
    const dataSet = parseDataSet(plain(start), 0, dicomParser.littleEndianByteArrayParser, true);
    const pixelData = dataSet.elements[PIXEL_DATA];
    const implied = pixelData ? pixelData.dataOffset + pixelBytes(dataSet) + BEHIND_PIXELS : Number.NaN;
    return Number.isFinite(implied) ? implied : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY; // inflating all of it reports what is wrong
  }
}

/** Bytes of all pixels by the header; NaN where it does not say. */
function pixelBytes(dataSet: DataSet): number {
  const number = (tag: string, usual = Number.NaN) => dataSet.uint16(tag) ?? usual;
  const pixels = number('x00280010') * number('x00280011') * Math.max(1, dataSet.intString('x00280008') ?? 1);
  return Math.ceil((pixels * number('x00280002', 1) * number('x00280100')) / 8);
}

/** The same bytes as a Uint8Array, whose slice() is a copy and safe to change. A Buffer's slice() is a view. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
