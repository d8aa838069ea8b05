import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import { handleProtocols, makeServer, type Server as Protocol } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Context } from '../../context.js';
import { formatError } from '../../graphql/formatError.js';
import { MAX_BODY_BYTES } from '../../graphql/limits.js';
import type { Authenticate } from '../../identity/authenticate.js';
import type { Caller } from '../../identity/caller.js';
import { type ChangeHub, createChangeHub } from '../../notifications/changes.js';
import { listenForChanges } from '../../notifications/listenForChanges.js';
import { admitSilent } from '../../peers/admitSilent.js';
import { guarded } from '../../peers/guarded.js';
import type { Request } from '../../resolvers/request.js';
import { requestIdOf } from '../requests/requestId.js';
import { admitCaller, type SocketState } from './admitCaller.js';
import { carryMessages } from './carryMessages.js';
import { clientOf } from './clientOf.js';
import { GOING_AWAY, SERVICE_RESTART } from './closeCodes.js';
import { ignoreUpgrade } from './ignoreUpgrade.js';
import { refuseUpgrade, upgradeRefusals } from './refuseUpgrade.js';
import { startSubscription } from './startSubscription.js';

const INIT_TIMEOUT_MS = 5_000;
/** Limits of sockets whose callers are not known yet. */
const UNIDENTIFIED = { most: 64, withinMs: INIT_TIMEOUT_MS + 1000 };
/** How long sockets have to close by themselves when the server stops. */
const CLOSING_MS = 1_000;

type Api = {
  schema: GraphQLSchema;
  authenticate: Authenticate;
  /** Signs the path of a picture for a caller. */
  sign: (caller: Caller, path: string) => string;
  /** Called with each connection that becomes a WebSocket. */
  onUpgrade: (socket: Socket) => void;
};

/**
 * Serves subscriptions by graphql-transport-ws on the WebSocket of /graphql. They report what any process changes in the
 * database.
 * @throws what the database throws when it cannot be listened to.
 */
export async function serveSubscriptions(
  server: Server,
  context: Context,
  api: Api,
): Promise<{ close(): Promise<void> }> {
  const { database, log } = context;
  const changes = createChangeHub();
  const unidentified = admitSilent(UNIDENTIFIED);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES, handleProtocols });
  // A client that may have missed a change has to subscribe again.
  const onGap = () => closeSockets(sockets, SERVICE_RESTART);
  const listening = await listenForChanges(database.connection, { onChange: changes.publish, onGap }, log);
  const protocol = createProtocol(context, api, changes, unidentified);
  const upgrade = createUpgrade(server, context, { sockets, protocol, unidentified, onUpgrade: api.onUpgrade });
  sockets.on('headers', (headers, request) => headers.push(`x-request-id: ${requestIdOf(request)}`));
  server.on('upgrade', upgrade);
  return {
    close: async () => {
      server.off('upgrade', upgrade);
      closeSockets(sockets, GOING_AWAY);
      changes.close();
      const deadline = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, CLOSING_MS);
      await new Promise((resolve) => sockets.close(resolve));
      clearTimeout(deadline);
      await listening.close();
    },
  };
}

function closeSockets(sockets: WebSocketServer, code: number): void {
  for (const socket of sockets.clients) socket.close(code);
}

/** The server of graphql-transport-ws: who may connect, what is executed, and what leaves. */
function createProtocol(
  context: Context,
  { authenticate, schema, sign }: Api,
  changes: ChangeHub,
  unidentified: ReturnType<typeof admitSilent>,
): Protocol<SocketState> {
  const clientOfRequest = clientOf(context.config);
  const format = formatError(context.log);
  const formatAll = (errors: readonly GraphQLError[], request: IncomingMessage) =>
    errors.map((error) => {
      const { extensions, ...formatted } = error.toJSON();
      return format({ ...formatted, extensions: { ...extensions, requestId: requestIdOf(request) } }, error);
    });
  return makeServer<Record<string, unknown>, SocketState>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onConnect: admitCaller({ authenticate, clientOfRequest, unidentified }),
    onSubscribe: startSubscription(context, { schema, changes, clientOfRequest, sign }),
    onNext: async ({ extra }, _id, _payload, { contextValue }, { errors, data }) => {
      await context.audit.record([...(contextValue as Request).accesses.values()]); // nothing leaves before
      return errors && { ...(data !== undefined && { data }), errors: formatAll(errors, extra.request) };
    },
    onError: ({ extra }, _id, _payload, errors) => formatAll(errors, extra.request),
  });
}

type Door = {
  sockets: WebSocketServer;
  protocol: Protocol<SocketState>;
  unidentified: ReturnType<typeof admitSilent>;
  onUpgrade: (socket: Socket) => void;
};

/** Handles the `upgrade` events of an HTTP server: ignores, refuses, or opens a WebSocket. */
function createUpgrade(
  server: Server,
  { config, log, metrics }: Context,
  { onUpgrade, protocol, sockets, unidentified }: Door,
) {
  const refusalOf = upgradeRefusals(config);
  const handle = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return ignoreUpgrade(server, request, socket, head);
    const refusal = refusalOf(request);
    if (refusal) return refuseUpgrade(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      onUpgrade(request.socket);
      unidentified.admit(request.socket);
      metrics.sockets.inc();
      opened.once('close', () => metrics.sockets.dec());
      carryMessages(protocol, { socket: opened, request }, log);
    });
  };
  return (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const fail = (error: unknown) => {
      log.error({ err: error, requestId: requestIdOf(request) }, 'A WebSocket failed for an unknown reason.');
      socket.destroy();
    };
    guarded(fail, handle)(request, socket, head);
  };
}
