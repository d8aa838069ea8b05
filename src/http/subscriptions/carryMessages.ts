import type { IncomingMessage } from 'node:http';
import type { Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { asLogged } from '../../errors/asKnown.js';
import type { Log } from '../../output/log.js';
import { guarded } from '../../peers/guarded.js';
import { requestIdOf } from '../requests/requestId.js';

/** A peer that does not answer a ping within this time is gone. */
const PING_MS = 12_000;
// RFC 6455 7.4.1
const INTERNAL_ERROR = 1011;

/**
 * Carries the messages of graphql-transport-ws between a WebSocket and graphql-ws, as graphql-ws/use/ws does. A failure
 * ends this socket alone, and goes to the log instead of the console. Of a foreseen failure the log has only its code.
 */
export function carryMessages<Extra extends { socket: WebSocket; request: IncomingMessage }>(
  server: Server<Extra>,
  extra: Extra,
  log: Log,
): void {
  const { request, socket } = extra;
  const fail = (error: unknown) => {
    log.error({ ...asLogged(error), requestId: requestIdOf(request) }, 'A WebSocket failed for an unknown reason.');
    socket.close(INTERNAL_ERROR, 'Internal server error');
  };
  socket.on('error', () => {}); // after a broken frame, or when the peer has gone; `close` follows
  const closed = server.opened(
    {
      protocol: socket.protocol,
      // A message that cannot be sent is not a fault: the peer has gone, and `close` follows.
      send: (data) => new Promise((resolve) => socket.send(data, () => resolve())),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (read) =>
        socket.on(
          'message',
          guarded(fail, (message) => read(String(message))),
        ),
    },
    extra,
  );
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const pings = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping(() => {}); // a ping that cannot be sent is not answered, so the next round ends the socket
  }, PING_MS);
  socket.once(
    'close',
    guarded(fail, (code: number, reason: Buffer) => {
      clearInterval(pings);
      return closed(code, String(reason));
    }),
  );
}
