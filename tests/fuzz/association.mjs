import { connect } from 'node:net';
import { MrimasterError, PacsBadAnswer } from '../../dist/errors/errors.js';
import { COMMANDS, NO_DATA_SET, writeCommand } from '../../dist/pacs/dimse/command.js';
import { writeDataHeader, writePdu } from '../../dist/pacs/dimse/pdu.js';
import { startProvider } from '../../dist/pacs/dimse/provider.js';

const MR = '1.2.840.10008.5.1.4.1.1.4';
const VERIFICATION = '1.2.840.10008.1.1';
const SYNTAX = '1.2.840.10008.1.2.1';

/** A provider on a port of its own, to which mutated conversations are sent. */
export async function associationTarget() {
  let events = [];
  const store = async ({ bytes }) => {
    for await (const _ of bytes);
  };
  const options = { host: '127.0.0.1', port: 0, aeTitle: 'MRIMASTER', allowed: null, limits: { idleMs: 2000 } };
  const provider = await startProvider({ ...options, store, onEvent: (event) => events.push(event) });
  const converse = async (bytes) => {
    events = [];
    const answer = await send(provider.port, bytes);
    const unforeseen = events.find(({ kind, error }) => kind === 'failed' && !(error instanceof MrimasterError));
    if (unforeseen) throw unforeseen.error;
    if (events.length > 0) throw new PacsBadAnswer(events[0].reason);
    return answer;
  };
  const [good] = conversations();
  return {
    name: 'association',
    seeds: conversations(),
    run: converse,
    check: async () => {
      const answer = await converse(good.bytes);
      if (answer[0] !== 2 || answer.at(-10) !== 6) throw new Error('A good conversation was not answered to its end');
    },
    close: () => provider.close(),
  };
}

function send(port, bytes) {
  return new Promise((resolve) => {
    const chunks = [];
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.once('close', () => resolve(Buffer.concat(chunks)));
    socket.end(bytes);
  });
}

export function conversations() {
  const request = writePdu({
    type: 'ASSOCIATE_RQ',
    calledAeTitle: 'MRIMASTER',
    callingAeTitle: 'FUZZER',
    contexts: [
      { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [SYNTAX] },
      { id: 3, abstractSyntax: MR, transferSyntaxes: [SYNTAX, '1.2.840.10008.1.2'] },
    ],
    maxPduLength: 16_384,
    roles: [{ sopClassUid: MR, scu: true, scp: false }],
  });
  const command = (id, fields) => {
    const bytes = writeCommand(fields);
    return Buffer.concat([writeDataHeader(id, true, true, bytes.length), bytes]);
  };
  const echo = command(1, {
    affectedSopClassUid: VERIFICATION,
    commandField: COMMANDS.C_ECHO_RQ,
    messageId: 1,
    commandDataSetType: NO_DATA_SET,
  });
  const store = command(3, {
    affectedSopClassUid: MR,
    commandField: COMMANDS.C_STORE_RQ,
    messageId: 2,
    priority: 0,
    commandDataSetType: 0,
    affectedSopInstanceUid: '1.2.3.4',
  });
  const piece = (isLast, length) => Buffer.concat([writeDataHeader(3, false, isLast, length), Buffer.alloc(length, 7)]);
  const release = writePdu({ type: 'RELEASE_RQ' });
  return [
    [request, echo, release],
    [request, store, piece(false, 900), piece(true, 101), echo, release],
    [request, echo, store, piece(true, 10), store, piece(true, 0), writePdu({ type: 'ABORT', source: 0, reason: 0 })],
  ].map((pdus) => ({ bytes: Buffer.concat(pdus), fields: fieldsOf(pdus) }));
}

/** Of each PDU where it begins, its length, and its value; of data, those of its presentation data value, too. */
function fieldsOf(pdus) {
  let at = 0;
  return pdus.flatMap((pdu) => {
    const field = { tag: at, length: at + 2, lengthBytes: 4, value: at + 6, valueBytes: pdu.length - 6 };
    const nested = { tag: at + 6, length: at + 6, lengthBytes: 4, value: at + 10, valueBytes: pdu.length - 10 };
    at += pdu.length;
    return pdu[0] === 4 ? [field, nested] : [field];
  });
}
