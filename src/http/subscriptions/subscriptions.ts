import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Context } from '../../context.js';
import { MrimasterError } from '../../errors/errors.js';
import { formatError } from '../../graphql/formatError.js';
import { MAX_BODY_BYTES } from '../../graphql/limits.js';
import { denied } from '../../identity/audit.js';
import { type Authenticate, authenticates } from '../../identity/authenticate.js';
import { type Caller, sharerOf } from '../../identity/caller.js';
import { createChanges } from '../../notifications/changes.js';
import { listenForChanges } from '../../notifications/listenForChanges.js';
import { admitSilent } from '../../peers/admitSilent.js';
import { guarded } from '../../peers/guarded.js';
import { createPlaces, type Holder } from '../../peers/places.js';
import { openRequest, type Request } from '../../resolvers/request.js';
import { countOperation, firstCode } from '../../telemetry/observeOperations.js';
import { answersForHost, HOST_REFUSED } from '../requests/answeredHosts.js';
import { countRate } from '../requests/countRate.js';
import { comesByProxy, PROXY_REQUIRED } from '../requests/knownProxies.js';
import { requestIdOf } from '../requests/requestId.js';
import { carryMessages } from './carryMessages.js';
import { clientOf } from './clientOf.js';
import { ignoreUpgrade } from './ignoreUpgrade.js';
import { readSubscription } from './readSubscription.js';

/** Sockets whose callers are known; of one caller, or of one address where nobody is authenticated. */
const KNOWN = { most: 256, mostOfOne: 64, waitMs: 1500 };
/** A socket on which nothing is subscribed for so long makes room where others wait for one. */
const UNUSED_MS = 5_000;
const INIT_TIMEOUT_MS = 5_000;
/** Sockets that have not said yet who they are. */
const UNKNOWN = { most: 64, withinMs: INIT_TIMEOUT_MS + 1000 };
const MOST_PER_SOCKET = 32;
const LAST_WORDS_MS = 1_000;
// RFC 6455 7.4.1, and its IANA registry. Clients of graphql-ws connect and subscribe again after both.
const GOING_AWAY = 1001;
const SERVICE_RESTART = 1012;
/** The protocol's own, graphql-transport-ws. */
const UNAUTHORIZED = 4401;
const TOO_MANY = 4429;
const RATE_LIMITED = { extensions: { code: 'RATE_LIMITED' } };
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Subscriptions by graphql-transport-ws on the WebSocket of /graphql, fed by what any process changes in the database.
 * @param onUpgrade told of each connection that becomes a WebSocket.
 */
export async function serveSubscriptions(
  server: Server,
  context: Context,
  schema: GraphQLSchema,
  authenticate: Authenticate,
  sign: (caller: Caller, path: string) => string,
  onUpgrade: (socket: Socket) => void,
): Promise<{ close(): Promise<void> }> {
  const { audit, config, database, log, metrics } = context;
  const client = clientOf(config);
  const limited = authenticates(config.identity);
  const rate = countRate();
  const places = createPlaces(KNOWN);
  const unknown = admitSilent(UNKNOWN);
  const changes = createChanges();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES, handleProtocols });
  const closeSockets = (code: number) => {
    for (const socket of sockets.clients) socket.close(code);
  };
  // Whoever missed something does not go on as if nothing had happened.
  const onGap = () => closeSockets(SERVICE_RESTART);
  const hearing = await listenForChanges(database.connection, { onChange: changes.publish, onGap }, log);
  const format = formatError(log);
  const shown = (errors: readonly GraphQLError[], request: IncomingMessage) =>
    errors.map((error) => {
      const { extensions, ...formatted } = error.toJSON();
      return format({ ...formatted, extensions: { ...extensions, requestId: requestIdOf(request) } }, error);
    });
  const protocol = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onConnect: async (connection) => {
      const { connectionParams, extra } = connection;
      const since = performance.now();
      const holder: Holder = {
        left: () => {
          const isUsed = Object.keys(connection.subscriptions).length > 0;
          return isUsed ? Number.POSITIVE_INFINITY : UNUSED_MS - (performance.now() - since);
        },
        end: () => extra.socket.close(TOO_MANY, 'TOO_MANY_SOCKETS'),
      };
      // Browsers cannot set headers of a WebSocket: what stands for them comes in its first message.
      const given = connectionParams?.authorization ?? connectionParams?.Authorization;
      const { headers } = extra.request;
      extra.caller = await authenticate(typeof given === 'string' ? given : headers.authorization).catch((error) => {
        if (!(error instanceof MrimasterError)) throw error;
        extra.socket.close(error.retryable ? SERVICE_RESTART : UNAUTHORIZED, error.code);
        return undefined;
      });
      if (!extra.caller || extra.socket.readyState !== extra.socket.OPEN) return false;
      const { address } = client(extra.request);
      const give = await places.take(sharerOf(extra.caller, address), holder);
      if (!give) {
        extra.socket.close(TOO_MANY, 'TOO_MANY_SOCKETS');
        return false;
      }
      if (extra.socket.readyState !== extra.socket.OPEN) {
        give();
        return false;
      }
      unknown.spoke(extra.request.socket);
      extra.socket.once('close', give);
      closeWhenExpired(extra.socket, extra.caller);
      return true;
    },
    onSubscribe: async (connection, _id, payload) => {
      const { request } = connection.extra;
      const caller = connection.extra.caller as Caller;
      const { address, origin } = client(request);
      const open = Object.keys(connection.subscriptions).length;
      if (limited && rate(caller.subject).count > config.rateLimit) {
        countOperation(metrics, 'subscription', 'RATE_LIMITED');
        return [new GraphQLError('Too many subscriptions. Try again in a minute.', RATE_LIMITED)];
      }
      const asked = readSubscription(
        { payload, schema, production: config.production, exhausted: open > MOST_PER_SOCKET },
        {
          ...openRequest(context, caller, address, requestIdOf(request)),
          pictureUrl: (path) => origin + sign(caller, path),
          changes,
        },
      );
      const outcome = Array.isArray(asked) ? firstCode(asked) : 'OK';
      countOperation(metrics, 'subscription', outcome);
      if (outcome === 'FORBIDDEN') await audit.record([denied(caller.subject, address)]);
      return asked;
    },
    onNext: async ({ extra }, _id, _payload, { contextValue }, { errors, data }) => {
      await audit.record([...(contextValue as Request).accesses.values()]); // nothing leaves before
      return errors && { ...(data !== undefined && { data }), errors: shown(errors, extra.request) };
    },
    onError: ({ extra }, _id, _payload, errors) => shown(errors, extra.request),
  });
  const { allowedOrigins } = config;
  const isForUs = answersForHost(config);
  const comesRightly = comesByProxy(config);
  const handle = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return ignoreUpgrade(server, request, socket, head);
    const refused = comesRightly(request.socket.remoteAddress)
      ? refuse(request, { isForUs, allowedOrigins })
      : (['403 Forbidden', PROXY_REQUIRED.code, PROXY_REQUIRED.message] as Refusal);
    if (refused) return answer(socket, ...refused);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      onUpgrade(request.socket);
      unknown.admit(request.socket);
      metrics.sockets.inc();
      opened.once('close', () => metrics.sockets.dec());
      carryMessages(protocol, { socket: opened, request }, log);
    });
  };
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const fail = (error: unknown) => {
      log.error({ err: error, requestId: requestIdOf(request) }, 'A WebSocket failed for an unknown reason.');
      socket.destroy();
    };
    guarded(fail, handle)(request, socket, head);
  };
  sockets.on('headers', (headers, request) => headers.push(`x-request-id: ${requestIdOf(request)}`));
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

type Extra = { socket: WebSocket; request: IncomingMessage; caller?: Caller | undefined };

/** A socket outlives no token. */
function closeWhenExpired(socket: WebSocket, { expiresAt }: Caller): void {
  if (!expiresAt) return;
  const ms = Math.min(expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS);
  const timer = setTimeout(() => socket.close(UNAUTHORIZED, 'UNAUTHENTICATED'), ms);
  socket.once('close', () => clearTimeout(timer));
}

type Door = { isForUs: (host: string) => boolean; allowedOrigins: readonly string[] };

type Refusal = [status: string, code: string, message: string];

/** What the HTTP side refuses, too; and pages of other sites, which no CORS keeps from a WebSocket (RFC 6455 10.2). */
function refuse(request: IncomingMessage, { allowedOrigins, isForUs }: Door): Refusal | undefined {
  const { host = '', origin } = request.headers;
  if (!isForUs(host)) return ['421 Misdirected Request', HOST_REFUSED.code, HOST_REFUSED.message];
  const isOurs = origin === undefined || (URL.canParse(origin) && isForUs(new URL(origin).host));
  if (!isOurs && !allowedOrigins.includes(origin as string))
    return ['403 Forbidden', 'ORIGIN_REFUSED', 'Pages of other sites may not subscribe.'];
  if (request.url?.split('?')[0] !== '/graphql') return ['404 Not Found', 'NOT_FOUND', 'Subscribe at /graphql.'];
  return undefined;
}

function answer(socket: Duplex, status: string, code: string, message: string): void {
  const body = JSON.stringify({ code, message });
  socket.on('error', () => {}); // who was refused may have gone
  socket.resume(); // what is left unread would keep it, and the server from closing
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
