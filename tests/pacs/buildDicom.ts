/** Elements of a data set by tag ("00080018"), explicit VR little endian: [VR, value]. */
export type Elements = Record<string, [vr: string, value: string | Uint8Array | Elements[]]>;

const LONG = ['OB', 'OV', 'OW', 'SQ', 'UC', 'UN', 'UR', 'UT'];

/** A value of VR US (or SS). */
export function us(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => {
    bytes.writeUInt16LE(value & 0xffff, index * 2);
  });
  return bytes;
}

export function fd(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

export function buildDataSet(elements: Elements): Buffer {
  return Buffer.concat(
    Object.entries(elements)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([tag, [vr, value]]) => buildElement(tag, vr, value)),
  );
}

function buildElement(tag: string, vr: string, value: string | Uint8Array | Elements[]): Buffer {
  let content: Buffer;
  if (Array.isArray(value)) {
    content = Buffer.concat(value.flatMap((item) => [itemHeader(buildDataSet(item).length), buildDataSet(item)]));
  } else {
    content = Buffer.from(value as Uint8Array);
  }
  if (content.length % 2) content = Buffer.concat([content, Buffer.from(vr === 'UI' || vr === 'OB' ? '\0' : ' ')]);
  const header = Buffer.alloc(LONG.includes(vr) ? 12 : 8);
  header.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  header.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  header.write(vr, 4, 'latin1');
  if (header.length === 12) header.writeUInt32LE(content.length, 8);
  else header.writeUInt16LE(content.length, 6);
  return Buffer.concat([header, content]);
}

export function itemHeader(length: number): Buffer {
  const header = Buffer.from('feff00e000000000', 'hex');
  header.writeUInt32LE(length, 4);
  return header;
}

/** An axial MR slice of 2 × 2 pixels (stored values 0, 1, 2, 3, 16 bits) unless `elements` says otherwise. */
export function mrElements(elements: Elements = {}): Elements {
  return {
    '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.4'],
    '00080018': ['UI', '1.2.3.4'],
    '00080060': ['CS', 'MR'],
    '0020000D': ['UI', '1.2.3'],
    '0020000E': ['UI', '1.2.3.1'],
    '00280002': ['US', us(1)],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', us(2)],
    '00280011': ['US', us(2)],
    '00280100': ['US', us(16)],
    '00280101': ['US', us(16)],
    '00280102': ['US', us(15)],
    '00280103': ['US', us(0)],
    '7FE00010': ['OW', us(0, 1, 2, 3)],
    ...elements,
  };
}

/** A Part 10 file: preamble, file meta information and the data set. */
export function buildFile(elements: Elements, transferSyntaxUid = '1.2.840.10008.1.2.1'): Buffer {
  return Buffer.concat([buildMeta(transferSyntaxUid), buildDataSet(elements)]);
}

export function buildMeta(transferSyntaxUid: string): Buffer {
  const meta = buildDataSet({ '00020010': ['UI', transferSyntaxUid] });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), buildDataSet({ '00020000': ['UL', length] }), meta]);
}

/** Encapsulated Pixel Data of these fragments, behind an offset table (empty unless given). */
export function encapsulate(fragments: Uint8Array[], offsets: number[] = []): Buffer {
  const table = Buffer.alloc(offsets.length * 4);
  offsets.forEach((offset, index) => {
    table.writeUInt32LE(offset, index * 4);
  });
  return Buffer.concat([
    Buffer.from('e07f10004f420000ffffffff', 'hex'),
    itemHeader(table.length),
    table,
    ...fragments.flatMap((fragment) => [itemHeader(fragment.length), fragment]),
    Buffer.from('feffdde000000000', 'hex'),
  ]);
}

/** A file whose pixel data are these fragments. */
export function buildEncapsulated(elements: Elements, transferSyntaxUid: string, pixelData: Buffer): Buffer {
  const { '7FE00010': _, ...header } = elements;
  return Buffer.concat([buildFile(header, transferSyntaxUid), pixelData]);
}
