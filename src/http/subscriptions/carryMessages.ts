import type { IncomingMessage } from 'node:http';
import type { Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { asLogged } from '../../errors/asKnown.js';
import type { Log } from '../../output/log.js';
import { guarded } from '../../peers/guarded.js';
import { requestIdOf } from '../requests/requestId.js';

/** A peer that answers no ping for this long is gone. */
const PING_MS = 12_000;
// RFC 6455 7.4.1
const INTERNAL_ERROR = 1011;

/**
 * Carries the messages of graphql-transport-ws between a WebSocket and graphql-ws, as graphql-ws/use/ws does; but whatever
 * fails ends this socket alone, and is told in the log instead of on the console, code only where it was foreseen.
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
  socket.on('error', () => {}); // a broken frame, or a peer that has gone: the socket is closed because of it
  const closed = server.opened(
    {
      protocol: socket.protocol,
      // What cannot be sent is no fault: the peer has gone, and the socket is closed because of it.
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
    socket.ping(() => {}); // one that cannot be sent is not answered
  }, PING_MS);
  socket.once(
    'close',
    guarded(fail, (code: number, reason: Buffer) => {
      clearInterval(pings);
      return closed(code, String(reason));
    }),
  );
}
