import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS, readCommand, writeCommand } from '../../../src/pacs/dimse/command.js';
import { caseFile, hasCases } from '../sharedData.js';

const RESPONSE = { commandField: COMMANDS.C_GET_RQ | 0x8000, messageIdBeingRespondedTo: 1, status: 0xc000 };
/** (0008,0058) Failed SOP Instance UID List, in Implicit VR Little Endian. */
const FAILED_UIDS = Buffer.from('0800580004000000312e3200', 'hex');

describe('a command set', () => {
  it('ends at its group length, whatever comes behind it', () => {
    const bytes = writeCommand(RESPONSE);
    expect(readCommand(Buffer.concat([bytes, FAILED_UIDS]))).toEqual(RESPONSE);
    expect(readCommand(Buffer.concat([bytes, Buffer.from('garbage')]))).toEqual(RESPONSE);
    expect(readCommand(Buffer.concat([bytes, writeCommand({ ...RESPONSE, status: 0 })]))).toEqual(RESPONSE);
  });

  it('is refused where it is shorter than its group length, or holds another group within it', () => {
    const bytes = writeCommand(RESPONSE);
    expect(() => readCommand(bytes.subarray(0, -4))).toThrow('a malformed command set');
    const longer = Buffer.concat([bytes, FAILED_UIDS]);
    longer.writeUInt32LE(longer.length - 12, 8);
    expect(() => readCommand(longer)).toThrow('a malformed command set');
  });

  it.each([0, 2, 4, 66, 1000])('is read whole where its group length, %i, is wrong', (stated) => {
    const bytes = Buffer.from(writeCommand(RESPONSE));
    bytes.writeUInt32LE(stated, 8);
    expect(readCommand(bytes)).toEqual(RESPONSE);
  });

  it('without a group length is read to its end', () => {
    expect(readCommand(writeCommand(RESPONSE).subarray(12))).toEqual(RESPONSE);
    expect(() => readCommand(Buffer.concat([writeCommand(RESPONSE).subarray(12), FAILED_UIDS]))).toThrow('malformed');
  });

  it.skipIf(!hasCases)('of Orthanc is read, though the failed instances are listed behind it', () => {
    const commands = fragmentsOf(readFileSync(caseFile('pacs/orthanc-cget-response.bin'))).filter(
      ({ isCommand }) => isCommand,
    );
    expect(commands.map(({ bytes }) => readCommand(bytes))).toContainEqual(
      expect.objectContaining({ commandField: COMMANDS.C_GET_RQ | 0x8000, status: 0xc000, failedSuboperations: 1 }),
    );
  });
});

/** The fragments of the P-DATA-TF PDUs of a recorded stream (PS3.8 9.3.5). */
function fragmentsOf(stream: Buffer): { isCommand: boolean; bytes: Buffer }[] {
  const fragments: { isCommand: boolean; bytes: Buffer }[] = [];
  for (let at = 0; at < stream.length; at += 6 + stream.readUInt32BE(at + 2)) {
    if (stream[at] !== 4) continue;
    const end = at + 6 + stream.readUInt32BE(at + 2);
    for (let item = at + 6; item < end; item += 4 + stream.readUInt32BE(item)) {
      const bytes = stream.subarray(item + 6, item + 4 + stream.readUInt32BE(item));
      fragments.push({ isCommand: ((stream[item + 5] ?? 0) & 1) === 1, bytes });
    }
  }
  return fragments;
}
