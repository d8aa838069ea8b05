import { constants, inflateRawSync } from 'node:zlib';
import dicomParser, { type ByteArrayParser, type ByteStream, type DataSet, type Element } from 'dicom-parser';
import { InvalidDicom } from '../../errors/errors.js';
import { locateDataSet } from './locateDataSet.js';
import { DEFLATED_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN } from './transferSyntax.js';

/**
 * Everything in front of the pixels.
 * `bytes`: what element offsets point into (the inflated data set where the file is deflated).
 * `pixelData`: the PixelData element, its value unread; null where the data set has none.
 */
export type Header = {
  dataSet: DataSet;
  bytes: Uint8Array;
  transferSyntaxUid: string;
  bigEndian: boolean;
  pixelData: Element | null;
};

const PIXEL_DATA = 'x7fe00010';

/** A deflated data set may become this large, in bytes, */
const MAX_INFLATED = 128 * 1024 * 1024;

/** and, when it becomes larger than this, no more than so many times as large: images do by two or three, bombs by 1000. */
const MAX_FREELY_INFLATED = 16 * 1024 * 1024;
const MAX_INFLATION = 100;

/** Where its header is in so many bytes of it, it becomes no larger than its pixels are, and what may stand behind them. */
const HEADER_INPUT = 64 * 1024;
const BEHIND_PIXELS = 1024 * 1024;

/** Elements and items in front of the pixels; each costs some 200 bytes of memory, whatever it costs the sender. */
const MAX_ELEMENTS = 1_000_000;

/**
 * Reads the data set up to Pixel Data (7FE0,0010) without touching `input`.
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
 * Reads a data set without preamble and meta information, as a C-FIND answer is, in an uncompressed little-endian syntax.
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
 * Counts elements, for every explicit one reads its VR as a string and every implicit one and every item its length
 * as a uint32. Also gives the VRs that dicom-parser does not know, whose lengths have four bytes (PS3.5 7.1.2), the
 * name of one that it does.
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
 * The data set of a file in the deflated transfer syntax, from where it begins.
 * @throws InvalidDicom where it is damaged, or larger than a header and its pixels can be.
 */
export function inflateDataSet(bytes: Uint8Array): Uint8Array {
  const most = Math.min(MAX_INFLATED, Math.max(MAX_FREELY_INFLATED, MAX_INFLATION * bytes.length));
  const maxOutputLength = Math.min(most, impliedBytes(bytes));
  try {
    // PS3.5 A.5: a raw deflate stream (RFC 1951), without zlib's frame. Images fit into one chunk, which is not copied.
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

/** What a deflated data set inflates to by its header; without bounds where that does not begin it, or has no pixels. */
function impliedBytes(bytes: Uint8Array): number {
  try {
    const start = inflateRawSync(bytes.subarray(0, HEADER_INPUT), {
      finishFlush: constants.Z_SYNC_FLUSH, // it is cut off
      maxOutputLength: MAX_FREELY_INFLATED,
    });
    const dataSet = parseDataSet(plain(start), 0, dicomParser.littleEndianByteArrayParser, true);
    const pixelData = dataSet.elements[PIXEL_DATA];
    const implied = pixelData ? pixelData.dataOffset + pixelBytes(dataSet) + BEHIND_PIXELS : Number.NaN;
    return Number.isFinite(implied) ? implied : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY; // whoever inflates all of it says what is wrong
  }
}

/** NaN where the header does not say. */
function pixelBytes(dataSet: DataSet): number {
  const number = (tag: string, usual = Number.NaN) => dataSet.uint16(tag) ?? usual;
  const pixels = number('x00280010') * number('x00280011') * Math.max(1, dataSet.intString('x00280008') ?? 1);
  return Math.ceil((pixels * number('x00280002', 1) * number('x00280100')) / 8);
}

/** A Buffer's slice() is a view, a Uint8Array's a copy; only the latter is safe to change. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
