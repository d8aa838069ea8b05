import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../implementation.js';

export type FileMeta = { sopClassUid: string; sopInstanceUid: string; transferSyntax: string; callingAeTitle: string };

/** A data set as a Part 10 file (PS3.10 7.1): preamble and group 0002 in front, behind them the bytes as they come. */
export async function* asPart10(dataSet: AsyncIterable<Uint8Array>, meta: FileMeta): AsyncGenerator<Uint8Array> {
  yield writeFileMeta(meta);
  yield* dataSet;
}

export function writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntax, callingAeTitle }: FileMeta): Buffer {
  const group = Buffer.concat([
    Buffer.from([0x02, 0, 0x01, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1]), // FileMetaInformationVersion, OB
    element(0x0002, 'UI', sopClassUid),
    element(0x0003, 'UI', sopInstanceUid),
    element(0x0010, 'UI', transferSyntax),
    element(0x0012, 'UI', IMPLEMENTATION_CLASS_UID),
    element(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME),
    ...(callingAeTitle ? [element(0x0016, 'AE', callingAeTitle)] : []),
  ]);
  const length = Buffer.alloc(12);
  length.set([0x02, 0, 0, 0, 0x55, 0x4c, 4, 0]); // FileMetaInformationGroupLength, UL
  length.writeUInt32LE(group.length, 8);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, group]);
}

function element(number: number, vr: string, value: string): Buffer {
  const padded = Buffer.from(value.length % 2 ? value + (vr === 'UI' ? '\0' : ' ') : value, 'latin1');
  const header = Buffer.alloc(8);
  header.writeUInt16LE(0x0002, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt16LE(padded.length, 6);
  return Buffer.concat([header, padded]);
}
