import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { answersForHost, HOST_REFUSED } from './answeredHosts.js';
import { createChanges } from './changes.js';
import type { Context } from './context.js';
import { formatError } from './formatError.js';
import { ignoreUpgrade } from './ignoreUpgrade.js';
import { MAX_BODY_BYTES } from './limits.js';
import { listenForChanges } from './listenForChanges.js';
import { readSubscription } from './readSubscription.js';

const MOST_SOCKETS = 256;
const MOST_PER_SOCKET = 32;
const INIT_TIMEOUT_MS = 5_000;
/** A peer that answers no ping for this long is gone. */
const PING_MS = 12_000;
const LAST_WORDS_MS = 1_000;
// RFC 6455 7.4.1, and its IANA registry. Clients of graphql-ws connect and subscribe again after both.
const GOING_AWAY = 1001;
const SERVICE_RESTART = 1012;

/** Subscriptions by graphql-transport-ws on the WebSocket of /graphql, fed by what any process changes in the database. */
export async function serveSubscriptions(
  server: Server,
  program: Context,
  schema: GraphQLSchema,
): Promise<{ close(): Promise<void> }> {
  const { config, database, log } = program;
  const changes = createChanges();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
  const closeSockets = (code: number) => {
    for (const socket of sockets.clients) socket.close(code);
  };
  // Whoever missed something does not go on as if nothing had happened.
  const onGap = () => closeSockets(SERVICE_RESTART);
  const hearing = await listenForChanges(database.connection, { onChange: changes.publish, onGap }, log);
  const format = formatError(log);
  const shown = (errors: readonly GraphQLError[]) => errors.map((error) => format(error.toJSON(), error));
  useServer(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onSubscribe: (connection, _id, payload) => {
        const { host } = connection.extra.request.headers;
        const origin = config.publicUrl?.replace(/\/+$/, '') ?? `http://${host}`;
        const open = Object.keys(connection.subscriptions).length;
        return readSubscription(
          { payload, schema, production: config.production, exhausted: open > MOST_PER_SOCKET },
          {
            program,
            changes,
            origin,
          },
        );
      },
      onNext: (_connection, _id, _payload, _args, { errors, data }) =>
        errors && { ...(data !== undefined && { data }), errors: shown(errors) },
      onError: (_connection, _id, _payload, errors) => shown(errors),
      isProd: true, // what went wrong inside is told by `shown`, not by the socket's last words
    },
    sockets,
    PING_MS,
  );
  const isForUs = answersForHost(config);
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return ignoreUpgrade(server, request, socket, head);
    const refused = refuse(request, isForUs, sockets.clients.size);
    if (refused) return answer(socket, ...refused);
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
  };
  server.on('upgrade', upgrade);
  return {
    close: async () => {
      server.off('upgrade', upgrade);
      closeSockets(GOING_AWAY);
      changes.close();
      const deadline = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, LAST_WORDS_MS);
      await new Promise((resolve) => sockets.close(resolve));
      clearTimeout(deadline);
      await hearing.close();
    },
  };
}

type Refusal = [status: string, code: string, message: string];

/** What the HTTP side refuses, too; and pages of other sites, which no CORS keeps from a WebSocket (RFC 6455 10.2). */
function refuse(request: IncomingMessage, isForUs: (host: string) => boolean, open: number): Refusal | undefined {
  const { host = '', origin } = request.headers;
  if (!isForUs(host)) return ['421 Misdirected Request', HOST_REFUSED.code, HOST_REFUSED.message];
  if (origin !== undefined && !(URL.canParse(origin) && isForUs(new URL(origin).host)))
    return ['403 Forbidden', 'ORIGIN_REFUSED', 'Pages of other sites may not subscribe.'];
  if (request.url?.split('?')[0] !== '/graphql') return ['404 Not Found', 'NOT_FOUND', 'Subscribe at /graphql.'];
  if (open >= MOST_SOCKETS)
    return ['503 Service Unavailable', 'TOO_MANY_SOCKETS', `${MOST_SOCKETS} sockets are open. Try again later.`];
  return undefined;
}

function answer(socket: Duplex, status: string, code: string, message: string): void {
  const body = JSON.stringify({ code, message });
  socket.on('error', () => {}); // who was refused may have gone
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
