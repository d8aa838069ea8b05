import { NAMES } from './httpDoor.mjs';

/** An upgrade and what a client says behind it, right or nearly so. */
export function webSocketCase(random, host) {
  const name = () => random.of(NAMES);
  const head = [
    `GET /graphql${random.once(20) ? `/${encodeURIComponent(name())}` : ''} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${random.once(15) ? name() : 'dGhlIHNhbXBsZSBub25jZQ=='}`,
    `Sec-WebSocket-Version: ${random.once(15) ? 12 : 13}`,
    ...(random.once(10) ? [] : [`Sec-WebSocket-Protocol: ${random.once(10) ? name() : 'graphql-transport-ws'}`]),
    ...(random.once(10) ? [`Sec-WebSocket-Extensions: permessage-deflate; ${name()}`] : []),
    ...(random.once(10) ? [`Origin: ${name()}`] : []),
  ];
  const frames = Array.from({ length: random.below(6) }, () => frame(random, messageOf(random)));
  const init = random.once(4) ? [] : [frame({ once: () => false }, Buffer.from('{"type":"connection_init"}'))];
  return Buffer.concat([
    Buffer.from(`${head.join('\r\n').replaceAll(/[^\x20-\x7e\r\n]/g, '?')}\r\n\r\n`),
    ...init,
    ...frames,
  ]);
}

function messageOf(random) {
  const name = () => random.of(NAMES);
  const subscribe = (payload) => JSON.stringify({ id: name(), type: 'subscribe', payload });
  return Buffer.from(
    random.of([
      `{"type":"connection_init","payload":{"authorization":"${name()}","__proto__":{}}}`,
      '{"type":"connection_init","payload":7}',
      subscribe({ query: 'subscription { jobUpdated { id } }' }),
      subscribe({
        query: 'subscription ($u: DicomUid) { studyUpdated(studyInstanceUid: $u) { id } }',
        variables: { u: name() },
      }),
      subscribe({ query: `subscription { ${name()} }`, operationName: name(), variables: 7 }),
      subscribe({ query: '{ __schema { types { name } } }', extensions: [] }),
      subscribe({ query: '{'.repeat(5000) }),
      subscribe(7),
      `{"id":"__proto__","type":"complete"}`,
      '{"type":"ping","payload":{"toString":1}}',
      '{"type":"pong"}',
      `{"type":"${name()}"}`,
      '[]',
      'null',
      '{',
      '\0',
      'x'.repeat(70_000),
      '',
    ]),
  );
}

/** RFC 6455 5.2, as a client masks it. */
function frame(random, payload) {
  const opcode = random.once(6) ? random.below(16) : 1;
  const first = (random.once(8) ? 0 : 0x80) | (random.once(20) ? 0x40 : 0) | opcode;
  const length = random.once(25) ? random.of([0, 126, 65_536, 2 ** 31 - 1]) : payload.length;
  const masked = random.once(20) ? 0 : 0x80;
  const head =
    length < 126
      ? Buffer.from([first, masked | length])
      : length < 65_536
        ? Buffer.from([first, masked | 126, length >> 8, length & 255])
        : Buffer.from([
            first,
            masked | 127,
            0,
            0,
            0,
            0,
            (length >>> 24) & 255,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          ]);
  return Buffer.concat([head, Buffer.alloc(4), payload]); // masked with zeros, it is itself
}
