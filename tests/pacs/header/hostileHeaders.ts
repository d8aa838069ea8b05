import { deflateRawSync } from 'node:zlib';
import { buildFile, buildMeta, type Elements, mrElements, us } from '../buildDicom.js';

/** A file made to do harm, and the codes with which reading its header and one frame of it end; null: with a result. */
export type HostileFile = { name: string; bytes: Uint8Array; header: string | null; frame: string | null };

const MB = 1024 * 1024;
export const INVALID = { header: 'INVALID_DICOM', frame: 'INVALID_DICOM' };
export const UNDECODABLE = { header: null, frame: 'UNDECODABLE_PIXELS' };
export const UNSUPPORTED = { header: null, frame: 'UNSUPPORTED_PIXELS' };

export const size = (rows: number, columns: number): Elements => ({
  '00280010': ['US', us(rows)],
  '00280011': ['US', us(columns)],
});

export function hostileHeaders(): HostileFile[] {
  const deflated = (content: Uint8Array) =>
    Buffer.concat([buildMeta('1.2.840.10008.1.2.1.99'), deflateRawSync(content)]);
  const nested = (syntax: string, level: string) =>
    Buffer.concat([buildMeta(syntax), ...Array.from({ length: 10_000 }, () => Buffer.from(level, 'hex'))]);
  const withItem = buildFile(mrElements({ '00400275': ['SQ', [{ '00400007': ['LO', 'x'] }]] }));
  const lying = (at: string, behind: number, length: number) => {
    const bytes = Buffer.from(withItem);
    bytes.writeUInt32LE(length, withItem.indexOf(Buffer.from(at, 'hex')) + behind);
    return bytes;
  };
  const uid = (value: string) => buildFile(mrElements({ '00080018': ['UI', value] }));
  return [
    { name: 'deflate bomb', bytes: deflated(Buffer.alloc(300 * MB)), ...INVALID },
    { name: 'deflate bomb of many small elements', bytes: deflated(Buffer.alloc(120 * MB, 8)), ...INVALID },
    {
      name: '10,000 levels, explicit',
      bytes: nested('1.2.840.10008.1.2.1', '0800401153510000fffffffffeff00e0ffffffff'),
      ...INVALID,
    },
    {
      name: '10,000 levels, implicit',
      bytes: nested('1.2.840.10008.1.2', '08004011fffffffffeff00e0ffffffff'),
      ...INVALID,
    },
    { name: 'sequence longer than the file', bytes: lying('40007502', 8, 0xfffffff0), ...INVALID },
    { name: 'item longer than the file', bytes: lying('feff00e0', 4, 0x7ffffff0), ...INVALID },
    { name: 'pixel data longer than the file', bytes: lying('e07f1000', 8, 0xfffffffe), header: null, frame: null },
    { name: 'UID that climbs', bytes: uid('../../etc/passwd'), header: 'INVALID_DICOM', frame: null },
    { name: 'UID that is a path', bytes: uid('/etc/passwd'), header: 'INVALID_DICOM', frame: null },
    { name: 'UID with a NUL', bytes: uid('1.2\0/../3'), header: 'INVALID_DICOM', frame: null },
    ...['-1', '65537', '2147483647', '99999999999999999999', '1e9'].map((frames) => ({
      name: `${frames} frames`,
      bytes: buildFile(mrElements({ '00280008': ['IS', frames] })),
      ...INVALID,
    })),
  ];
}

export function hostileImages(): HostileFile[] {
  const file = (elements: Elements) => buildFile(mrElements(elements));
  const table = (descriptor: Uint8Array): Elements => ({
    '00283002': ['US', descriptor],
    '00283006': ['OW', us(1, 2)],
  });
  const palette: Elements = {
    '00280004': ['CS', 'PALETTE COLOR'],
    '00281101': ['US', us(0, 65535, 16)],
    '00281201': ['OW', us(1, 2)],
  };
  const none: Elements = { '7FE00010': ['OW', Buffer.alloc(0)] };
  return [
    { name: '65535 × 65535', bytes: file(size(65535, 65535)), ...UNSUPPORTED },
    {
      name: '65535 × 65535, 3 samples of 32 bits',
      bytes: file({ ...size(65535, 65535), '00280002': ['US', us(3)], '00280100': ['US', us(32)] }),
      ...UNSUPPORTED,
    },
    { name: 'frame at the limit, without its pixels', bytes: file(size(4096, 4096)), ...UNDECODABLE },
    { name: 'no pixels', bytes: file(none), ...UNDECODABLE },
    { name: 'palette that overflows', bytes: file(palette), ...UNSUPPORTED },
    {
      name: 'Modality LUT that overflows',
      bytes: file({ '00283000': ['SQ', [table(us(0, 65535, 16))]] }),
      ...UNDECODABLE,
    },
    {
      name: 'VOI LUT that overflows',
      bytes: file({ '00283010': ['SQ', [table(us(0, 65535, 16))]] }),
      header: null,
      frame: null,
    },
    { name: 'LUT of 255 bits', bytes: file({ '00283010': ['SQ', [table(us(2, 0, 255))]] }), header: null, frame: null },
  ];
}
