import { InvalidPdu } from './pdu.js';

/** Fields of the command sets that we send or read (PS3.7 E.1): element number in group 0000, and VR. */
const FIELDS = {
  affectedSopClassUid: [0x0002, 'UI'],
  requestedSopClassUid: [0x0003, 'UI'],
  commandField: [0x0100, 'US'],
  messageId: [0x0110, 'US'],
  messageIdBeingRespondedTo: [0x0120, 'US'],
  moveDestination: [0x0600, 'AE'],
  priority: [0x0700, 'US'],
  commandDataSetType: [0x0800, 'US'],
  status: [0x0900, 'US'],
  offendingElement: [0x0901, 'AT'],
  errorComment: [0x0902, 'LO'],
  affectedSopInstanceUid: [0x1000, 'UI'],
  remainingSuboperations: [0x1020, 'US'],
  completedSuboperations: [0x1021, 'US'],
  failedSuboperations: [0x1022, 'US'],
  warningSuboperations: [0x1023, 'US'],
  moveOriginatorAeTitle: [0x1030, 'AE'],
  moveOriginatorMessageId: [0x1031, 'US'],
} as const;

type Fields = typeof FIELDS;
type Value<Vr> = Vr extends 'US' ? number : string;
/** A command set (PS3.7 6.3). */
export type Command = { -readonly [Name in keyof Fields]?: Value<Fields[Name][1]> } & { commandField: number };

/** Values of Command Field (PS3.7 E.1-1). A response has its request's value with the highest bit set. */
export const COMMANDS = {
  C_STORE_RQ: 0x0001,
  C_GET_RQ: 0x0010,
  C_FIND_RQ: 0x0020,
  C_MOVE_RQ: 0x0021,
  C_ECHO_RQ: 0x0030,
  C_CANCEL_RQ: 0x0fff,
} as const;
export const RESPONSE = 0x8000;

/** Command Data Set Type of a message without a data set. Any other value announces one (PS3.7 E.1). */
export const NO_DATA_SET = 0x0101;

/** Encodes a command set in Implicit VR Little Endian, as all of them are (PS3.7 6.3.1). */
export function writeCommand(command: Command): Buffer {
  const elements = Object.entries(FIELDS).flatMap(([name, [element, vr]]) => {
    const value = command[name as keyof Fields];
    return value === undefined ? [] : [writeElement(element, writeValue(vr, value))];
  });
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([writeElement(0x0000, length), body]);
}

function writeValue(vr: string, value: string | number): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
  }
  const padded = value.length % 2 ? value + (vr === 'UI' ? '\0' : ' ') : value;
  return Buffer.from(padded, 'latin1');
}

function writeElement(element: number, value: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(element, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

/**
 * Reads a command set. Elements of other groups behind its Command Group Length (0000,0000), which some implementations
 * send, are ignored.
 * @throws InvalidPdu where the bytes are not a command set.
 */
export function readCommand(bytes: Buffer): Command {
  const byElement = readElements(bytes);
  const command: Record<string, string | number> = {};
  for (const [name, [element, vr]] of Object.entries(FIELDS)) {
    const value = byElement.get(element);
    if (value === undefined || value.length === 0) continue;
    if (vr === 'US' && value.length < 2) throw new InvalidPdu('a command element shorter than its type');
    command[name] = vr === 'US' ? value.readUInt16LE(0) : value.toString('latin1').replace(/[\0 ]+$/, '');
  }
  if (command.commandField === undefined) throw new InvalidPdu('a command set without Command Field');
  return command as Command;
}

/** The values of the elements of a command set, by element number. */
function readElements(bytes: Buffer): Map<number, Buffer> {
  const byElement = new Map<number, Buffer>();
  const { length } = bytes;
  let stated: number | null = null;
  for (let at = 0; at < length; ) {
    // One that lets the command field out is wrong, as some write it.
    if (at === stated && byElement.has(FIELDS.commandField[0])) break;
    const isCommand = at + 8 <= length && bytes.readUInt16LE(at) === 0;
    if (!isCommand && stated !== null && at >= stated) break;
    if (!isCommand) throw new InvalidPdu('a malformed command set');
    const element = bytes.readUInt16LE(at + 2);
    const end: number = at + 8 + bytes.readUInt32LE(at + 4);
    if (end > length) throw new InvalidPdu('a command element longer than its command set');
    // PS3.7 6.3.1: the group length is the first element, and counts from the end of its own value.
    if (element === 0 && at === 0 && end === 12) stated = end + bytes.readUInt32LE(8);
    byElement.set(element, bytes.subarray(at + 8, end));
    at = end;
  }
  return byElement;
}
