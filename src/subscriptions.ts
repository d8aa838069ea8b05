import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { answersForHost, HOST_REFUSED } from './answeredHosts.js';
import { createChanges } from './changes.js';
import { clientOf } from './clientOf.js';
import type { Context } from './context.js';
import { countRate } from './countRate.js';
import { MrimasterError } from './errors.js';
import { formatError } from './formatError.js';
import { denied } from './identity/audit.js';
import { type Authenticate, authenticates } from './identity/authenticate.js';
import type { Caller } from './identity/caller.js';
import { ignoreUpgrade } from './ignoreUpgrade.js';
import { comesByProxy, PROXY_REQUIRED } from './knownProxies.js';
import { MAX_BODY_BYTES } from './limits.js';
import { listenForChanges } from './listenForChanges.js';
import { readSubscription } from './readSubscription.js';
import { requestIdOf } from './requestId.js';
import { openRequest, type Request } from './resolvers/request.js';
import { countOperation, firstCode } from './telemetry/observeOperations.js';

const MOST_SOCKETS = 256;
/** Of them all, those that have not said yet who they are: these keep nobody else out for longer than INIT_TIMEOUT_MS. */
const MOST_UNKNOWN = 64;
/** Of one caller, where callers are known. */
const MOST_OF_ONE = 64;
const MOST_PER_SOCKET = 32;
const INIT_TIMEOUT_MS = 5_000;
/** A peer that answers no ping for this long is gone. */
const PING_MS = 12_000;
const LAST_WORDS_MS = 1_000;
// RFC 6455 7.4.1, and its IANA registry. Clients of graphql-ws connect and subscribe again after both.
const GOING_AWAY = 1001;
const SERVICE_RESTART = 1012;
/** The protocol's own, graphql-transport-ws. */
const UNAUTHORIZED = 4401;
const TOO_MANY = 4429;
const RATE_LIMITED = { extensions: { code: 'RATE_LIMITED' } };
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Subscriptions by graphql-transport-ws on the WebSocket of /graphql, fed by what any process changes in the database. */
export async function serveSubscriptions(
  server: Server,
  program: Context,
  schema: GraphQLSchema,
  authenticate: Authenticate,
  sign: (caller: Caller, path: string) => string,
): Promise<{ close(): Promise<void> }> {
  const { audit, config, database, log, metrics } = program;
  const client = clientOf(config);
  const limited = authenticates(config.identity);
  const mayAsk = countRate(config.rateLimit);
  const known = new Map<WebSocket, string>();
  const changes = createChanges();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
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
  useServer<Record<string, unknown>, Extra>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onConnect: async ({ connectionParams, extra }) => {
        // Browsers cannot set headers of a WebSocket: what stands for them comes in its first message.
        const given = connectionParams?.authorization ?? connectionParams?.Authorization;
        const { headers } = extra.request;
        extra.caller = await authenticate(typeof given === 'string' ? given : headers.authorization).catch((error) => {
          if (!(error instanceof MrimasterError)) throw error;
          extra.socket.close(error.retryable ? SERVICE_RESTART : UNAUTHORIZED, error.code);
          return undefined;
        });
        if (!extra.caller || extra.socket.readyState !== extra.socket.OPEN) return false;
        const { subject } = extra.caller;
        if (limited && [...known.values()].filter((one) => one === subject).length >= MOST_OF_ONE) {
          extra.socket.close(TOO_MANY, 'TOO_MANY_SOCKETS');
          return false;
        }
        known.set(extra.socket, subject);
        extra.socket.once('close', () => known.delete(extra.socket));
        closeWhenExpired(extra.socket, extra.caller);
        return true;
      },
      onSubscribe: async (connection, _id, payload) => {
        const { request } = connection.extra;
        const caller = connection.extra.caller as Caller;
        const { address, origin } = client(request);
        const open = Object.keys(connection.subscriptions).length;
        if (limited && !mayAsk(caller.subject)) {
          countOperation(metrics, 'subscription', 'RATE_LIMITED');
          return [new GraphQLError('Too many subscriptions. Try again in a minute.', RATE_LIMITED)];
        }
        const asked = readSubscription(
          { payload, schema, production: config.production, exhausted: open > MOST_PER_SOCKET },
          {
            ...openRequest(program, caller, address, requestIdOf(request)),
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
      isProd: true, // what went wrong inside is told by `shown`, not by the socket's last words
    },
    sockets,
    PING_MS,
  );
  const { allowedOrigins } = config;
  const isForUs = answersForHost(config);
  const comesRightly = comesByProxy(config);
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return ignoreUpgrade(server, request, socket, head);
    const { size: open } = sockets.clients;
    const refused = comesRightly(request.socket.remoteAddress)
      ? refuse(request, { isForUs, allowedOrigins, open, unknown: open - known.size })
      : (['403 Forbidden', PROXY_REQUIRED.code, PROXY_REQUIRED.message] as Refusal);
    if (refused) return answer(socket, ...refused);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      metrics.sockets.inc();
      opened.once('close', () => metrics.sockets.dec());
      sockets.emit('connection', opened, request);
    });
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

/** `open`: sockets, `unknown` of which have not said yet whose they are. */
type Door = {
  isForUs: (host: string) => boolean;
  allowedOrigins: readonly string[];
  open: number;
  unknown: number;
};

type Refusal = [status: string, code: string, message: string];

/** What the HTTP side refuses, too; and pages of other sites, which no CORS keeps from a WebSocket (RFC 6455 10.2). */
function refuse(request: IncomingMessage, { allowedOrigins, isForUs, open, unknown }: Door): Refusal | undefined {
  const { host = '', origin } = request.headers;
  if (!isForUs(host)) return ['421 Misdirected Request', HOST_REFUSED.code, HOST_REFUSED.message];
  const isOurs = origin === undefined || (URL.canParse(origin) && isForUs(new URL(origin).host));
  if (!isOurs && !allowedOrigins.includes(origin as string))
    return ['403 Forbidden', 'ORIGIN_REFUSED', 'Pages of other sites may not subscribe.'];
  if (request.url?.split('?')[0] !== '/graphql') return ['404 Not Found', 'NOT_FOUND', 'Subscribe at /graphql.'];
  if (open >= MOST_SOCKETS || unknown >= MOST_UNKNOWN)
    return ['503 Service Unavailable', 'TOO_MANY_SOCKETS', 'Too many sockets are open. Try again later.'];
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
