import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../write/implementation.js';

/** A proposed presentation context (PS3.8 9.3.2.2): an odd identifier, a service, and possible transfer syntaxes. */
export type ProposedContext = { id: number; abstractSyntax: string; transferSyntaxes: readonly string[] };

/**
 * The answer to a proposed context (PS3.8 9.3.3.2). `result`: 0 accepted, 1 refused by the user, 3 abstract syntax, 4
 * transfer syntaxes not supported.
 */
export type AnsweredContext = { id: number; result: number; transferSyntax: string };

/** SCP/SCU role selection (PS3.7 D.3.3.4), which C-GET needs. */
export type RoleSelection = { sopClassUid: string; scu: boolean; scp: boolean };

type Associate<Context> = {
  calledAeTitle: string;
  callingAeTitle: string;
  contexts: readonly Context[];
  /** Longest P-DATA-TF that the sender of this PDU takes, in bytes; 0 means any. */
  maxPduLength: number;
  roles: readonly RoleSelection[];
};

export type AssociateRequest = Associate<ProposedContext>;
export type AssociateAccept = Associate<AnsweredContext>;

/** A fragment of a command or a data set (PS3.8 9.3.5.1, E.2). */
export type PresentationDataValue = { contextId: number; isCommand: boolean; isLast: boolean; data: Buffer };

/** A protocol data unit (PS3.8 9.3). */
export type Pdu =
  | ({ type: 'ASSOCIATE_RQ' } & AssociateRequest)
  | ({ type: 'ASSOCIATE_AC' } & AssociateAccept)
  | { type: 'ASSOCIATE_RJ'; result: number; source: number; reason: number }
  | { type: 'P_DATA'; values: readonly PresentationDataValue[] }
  | { type: 'RELEASE_RQ' }
  | { type: 'RELEASE_RP' }
  | { type: 'ABORT'; source: number; reason: number };

/** Bytes that are not a PDU. The message is for our log; the peer gets an A-ABORT. */
export class InvalidPdu extends Error {}

export const PDU_TYPES = {
  ASSOCIATE_RQ: 1,
  ASSOCIATE_AC: 2,
  ASSOCIATE_RJ: 3,
  P_DATA: 4,
  RELEASE_RQ: 5,
  RELEASE_RP: 6,
  ABORT: 7,
} as const;

const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';

/** Encodes a whole PDU, header included. */
export function writePdu(pdu: Exclude<Pdu, { type: 'P_DATA' }>): Buffer {
  const body = writeBody(pdu);
  const header = Buffer.alloc(6);
  header[0] = PDU_TYPES[pdu.type];
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

/**
 * Encodes the header of a P-DATA-TF with one value of `length` bytes (PS3.8 9.3.5, Table E.2-1), which must follow it.
 */
export function writeDataHeader(contextId: number, isCommand: boolean, isLast: boolean, length: number): Buffer {
  const header = Buffer.alloc(12);
  header[0] = PDU_TYPES.P_DATA;
  header.writeUInt32BE(length + 6, 2);
  header.writeUInt32BE(length + 2, 6);
  header[10] = contextId;
  header[11] = (isCommand ? 1 : 0) | (isLast ? 2 : 0);
  return header;
}

function writeBody(pdu: Exclude<Pdu, { type: 'P_DATA' }>): Buffer {
  switch (pdu.type) {
    case 'ASSOCIATE_RQ':
    case 'ASSOCIATE_AC':
      return writeAssociate(pdu);
    case 'ASSOCIATE_RJ':
      return Buffer.from([0, pdu.result, pdu.source, pdu.reason]);
    case 'ABORT':
      return Buffer.from([0, 0, pdu.source, pdu.reason]);
    default:
      return Buffer.alloc(4);
  }
}

function writeAssociate(
  pdu: ({ type: 'ASSOCIATE_RQ' } & AssociateRequest) | ({ type: 'ASSOCIATE_AC' } & AssociateAccept),
) {
  const fixed = Buffer.alloc(68);
  fixed.writeUInt16BE(1, 0); // protocol version
  fixed.write(pdu.calledAeTitle.padEnd(16), 4, 16, 'latin1');
  fixed.write(pdu.callingAeTitle.padEnd(16), 20, 16, 'latin1');
  const contexts =
    pdu.type === 'ASSOCIATE_RQ'
      ? pdu.contexts.map(({ id, abstractSyntax, transferSyntaxes }) =>
          item(
            0x20,
            Buffer.from([id, 0, 0, 0]),
            item(0x30, text(abstractSyntax)),
            ...transferSyntaxes.map((uid) => item(0x40, text(uid))),
          ),
        )
      : pdu.contexts.map(({ id, result, transferSyntax }) =>
          item(0x21, Buffer.from([id, 0, result, 0]), item(0x40, text(transferSyntax))),
        );
  const maxLength = Buffer.alloc(4);
  maxLength.writeUInt32BE(pdu.maxPduLength);
  const roles = pdu.roles.map(({ sopClassUid, scu, scp }) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(sopClassUid.length);
    return item(0x54, length, text(sopClassUid), Buffer.from([Number(scu), Number(scp)]));
  });
  const user = item(
    0x50,
    item(0x51, maxLength),
    item(0x52, text(IMPLEMENTATION_CLASS_UID)),
    ...roles,
    item(0x55, text(IMPLEMENTATION_VERSION_NAME)),
  );
  return Buffer.concat([fixed, item(0x10, text(APPLICATION_CONTEXT)), ...contexts, user]);
}

function item(type: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const header = Buffer.from([type, 0, 0, 0]);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
