import {
  type AnsweredContext,
  type AssociateAccept,
  type AssociateRequest,
  InvalidPdu,
  PDU_TYPES,
  type Pdu,
  type PresentationDataValue,
  type ProposedContext,
  type RoleSelection,
} from './pdu.js';

/**
 * Reads the body of a PDU of the given type (PS3.8 9.3.2–9.3.8).
 * @throws InvalidPdu for anything that is not one; nothing else, whatever the bytes.
 */
export function readPdu(type: number, body: Buffer): Pdu {
  try {
    return readBody(type, body);
  } catch (error) {
    if (error instanceof InvalidPdu) throw error;
    throw new InvalidPdu('a PDU shorter than its fields'); // a RangeError of a read behind the end
  }
}

function readBody(type: number, body: Buffer): Pdu {
  switch (type) {
    case PDU_TYPES.ASSOCIATE_RQ:
      return { type: 'ASSOCIATE_RQ', ...readAssociate(body, 0x20, readProposed) };
    case PDU_TYPES.ASSOCIATE_AC:
      return { type: 'ASSOCIATE_AC', ...readAssociate(body, 0x21, readAnswered) };
    case PDU_TYPES.ASSOCIATE_RJ:
      return { type: 'ASSOCIATE_RJ', result: body.readUInt8(1), source: body.readUInt8(2), reason: body.readUInt8(3) };
    case PDU_TYPES.P_DATA:
      return { type: 'P_DATA', values: readValues(body) };
    case PDU_TYPES.RELEASE_RQ:
      return { type: 'RELEASE_RQ' };
    case PDU_TYPES.RELEASE_RP:
      return { type: 'RELEASE_RP' };
    case PDU_TYPES.ABORT:
      return { type: 'ABORT', source: body.readUInt8(2), reason: body.readUInt8(3) };
    default:
      throw new InvalidPdu(`PDU type ${type}`);
  }
}

function readAssociate<Context>(
  body: Buffer,
  contextType: number,
  readContext: (content: Buffer) => Context,
): Omit<AssociateRequest & AssociateAccept, 'contexts'> & { contexts: Context[] } {
  if ((body.readUInt16BE(0) & 1) === 0) throw new InvalidPdu('another protocol version'); // 9.3.2: bit 0 is version 1
  const contexts: Context[] = [];
  const roles: RoleSelection[] = [];
  let maxPduLength = 0;
  for (const { type, content } of readItems(body, 68)) {
    if (type === contextType) contexts.push(readContext(content));
    if (type !== 0x50) continue;
    for (const own of readItems(content, 0)) {
      if (own.type === 0x51) maxPduLength = own.content.readUInt32BE(0);
      if (own.type === 0x54) roles.push(readRole(own.content));
    }
  }
  return {
    calledAeTitle: readText(body, 4, 20),
    callingAeTitle: readText(body, 20, 36),
    contexts,
    maxPduLength,
    roles,
  };
}

function readProposed(content: Buffer): ProposedContext {
  const items = readItems(content, 4);
  const of = (wanted: number) => items.filter(({ type }) => type === wanted).map((item) => readText(item.content));
  const [abstractSyntax] = of(0x30);
  const id = content.readUInt8(0);
  if (abstractSyntax === undefined || id % 2 === 0) throw new InvalidPdu('a malformed presentation context');
  return { id, abstractSyntax, transferSyntaxes: of(0x40) };
}

function readAnswered(content: Buffer): AnsweredContext {
  const syntax = readItems(content, 4).find(({ type }) => type === 0x40);
  return {
    id: content.readUInt8(0),
    result: content.readUInt8(2),
    transferSyntax: syntax ? readText(syntax.content) : '',
  };
}

function readRole(content: Buffer): RoleSelection {
  const end = 2 + content.readUInt16BE(0);
  return {
    sopClassUid: readText(content, 2, end),
    scu: content.readUInt8(end) === 1,
    scp: content.readUInt8(end + 1) === 1,
  };
}

function readValues(body: Buffer): PresentationDataValue[] {
  const values: PresentationDataValue[] = [];
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32BE(at);
    const end = at + 4 + length;
    if (length < 2 || end > body.length) throw new InvalidPdu('a presentation data value longer than its PDU');
    const flags = body.readUInt8(at + 5);
    const isCommand = (flags & 1) !== 0;
    values.push({
      contextId: body.readUInt8(at + 4),
      isCommand,
      isLast: (flags & 2) !== 0,
      data: body.subarray(at + 6, end),
    });
    at = end;
  }
  return values;
}

function readItems(body: Buffer, start: number): { type: number; content: Buffer }[] {
  const items: { type: number; content: Buffer }[] = [];
  for (let at = start; at < body.length; ) {
    const end = at + 4 + body.readUInt16BE(at + 2);
    if (end > body.length) throw new InvalidPdu('an item longer than its PDU');
    items.push({ type: body.readUInt8(at), content: body.subarray(at + 4, end) });
    at = end;
  }
  return items;
}

/**
 * Text without padding: blanks (AE titles) or NULs (UIDs of some writers). All else stays, because a changed AE title
 * could be another peer's.
 */
function readText(body: Buffer, from = 0, to = body.length): string {
  if (to > body.length) throw new InvalidPdu('a field longer than its PDU');
  return body
    .toString('latin1', from, to)
    .replace(/[\0 ]+$/, '')
    .replace(/^ +/, '');
}
