import { readHeader } from '../../dist/pacs/header/readHeader.js';

/**
 * Where a DICOM file keeps what: of each element, at any depth, and of each item of encapsulated pixel data, the
 * offset of its tag, of its length field and that field's bytes, and of its value and the value's bytes.
 */
export function fieldsOf(bytes) {
  const header = readHeader(bytes);
  if (header.bytes.length !== bytes.length) return []; // deflated: nothing inside has a place in the file
  const implicit = header.transferSyntaxUid === '1.2.840.10008.1.2';
  const fields = [...elementsOf(header.dataSet, implicit)];
  if (header.pixelData?.hadUndefinedLength) fields.push(...itemsFrom(bytes, header.pixelData.dataOffset));
  return fields.filter(({ value, valueBytes }) => value + valueBytes <= bytes.length);
}

const LONG_VRS = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'];

function* elementsOf(dataSet, implicit) {
  for (const { dataOffset, length, vr, items } of Object.values(dataSet.elements)) {
    const long = implicit || LONG_VRS.includes(vr);
    const lengthBytes = long ? 4 : 2;
    const tag = dataOffset - (long && !implicit ? 12 : 8);
    const valueBytes = length === 0xffffffff ? 0 : length;
    yield { tag, length: dataOffset - lengthBytes, lengthBytes, value: dataOffset, valueBytes };
    for (const item of items ?? []) {
      yield {
        tag: item.dataOffset - 8,
        length: item.dataOffset - 4,
        lengthBytes: 4,
        value: item.dataOffset,
        valueBytes: item.length,
      };
      if (item.dataSet) yield* elementsOf(item.dataSet, implicit);
    }
  }
}

function* itemsFrom(bytes, start) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start; at + 8 <= bytes.length && view.getUint32(at, true) === 0xe000fffe; ) {
    const valueBytes = view.getUint32(at + 4, true);
    yield { tag: at, length: at + 4, lengthBytes: 4, value: at + 8, valueBytes };
    at += 8 + valueBytes;
  }
}
