import type { IncomingMessage } from 'node:http';
import type { Context as Connection } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { MrimasterError } from '../../errors/errors.js';
import type { Authenticate } from '../../identity/authenticate.js';
import { type Caller, sharerOf } from '../../identity/caller.js';
import type { admitSilent } from '../../peers/admitSilent.js';
import { createPlaces, type Holder } from '../../peers/places.js';
import type { Client } from './clientOf.js';
import { SERVICE_RESTART, TOO_MANY, UNAUTHORIZED } from './closeCodes.js';

/** Limits of sockets whose callers are known; `mostOfOne` is that of a caller, or of an address without authentication. */
const KNOWN_SOCKETS = { most: 256, mostOfOne: 64, waitMs: 1500 };
/** A socket that has had no subscription for this long gives its place to one that waits. */
const UNUSED_MS = 5_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What graphql-ws keeps beside one connection. `caller`: undefined until its first message has been authenticated. */
export type SocketState = { socket: WebSocket; request: IncomingMessage; caller?: Caller | undefined };

export type SocketConnection = Connection<Record<string, unknown>, SocketState>;

type Admission = {
  authenticate: Authenticate;
  clientOfRequest: (request: IncomingMessage) => Client;
  /** Sockets that have not been authenticated yet. */
  unidentified: ReturnType<typeof admitSilent>;
};

/**
 * Decides on a socket's first message, `connection_init`, whether its caller may connect.
 * @returns false after the socket was closed with a code and the error's code as reason.
 */
export function admitCaller({ authenticate, clientOfRequest, unidentified }: Admission) {
  const places = createPlaces(KNOWN_SOCKETS);
  return async (connection: SocketConnection): Promise<boolean> => {
    const { extra } = connection;
    const { request, socket } = extra;
    const holder = holderOf(connection);
    extra.caller = await authenticate(authorizationOf(connection)).catch((error) => {
      if (!(error instanceof MrimasterError)) throw error;
      socket.close(error.retryable ? SERVICE_RESTART : UNAUTHORIZED, error.code);
      return undefined;
    });
    if (!extra.caller || socket.readyState !== socket.OPEN) return false;
    const givePlaceBack = await places.take(sharerOf(extra.caller, clientOfRequest(request).address), holder);
    if (!givePlaceBack) {
      socket.close(TOO_MANY, 'TOO_MANY_SOCKETS');
      return false;
    }
    if (socket.readyState !== socket.OPEN) {
      givePlaceBack();
      return false;
    }
    unidentified.spoke(request.socket);
    socket.once('close', givePlaceBack);
    closeWhenExpired(socket, extra.caller);
    return true;
  };
}

/** Browsers cannot set headers of a WebSocket, so its first message may hold the authorization instead. */
function authorizationOf({ connectionParams, extra }: SocketConnection): string | undefined {
  const authorization = connectionParams?.authorization ?? connectionParams?.Authorization;
  return typeof authorization === 'string' ? authorization : extra.request.headers.authorization;
}

function holderOf(connection: SocketConnection): Holder {
  const since = performance.now();
  return {
    left: () => {
      const isUsed = Object.keys(connection.subscriptions).length > 0;
      return isUsed ? Number.POSITIVE_INFINITY : UNUSED_MS - (performance.now() - since);
    },
    end: () => connection.extra.socket.close(TOO_MANY, 'TOO_MANY_SOCKETS'),
  };
}

/** A socket does not outlive its caller's token. */
function closeWhenExpired(socket: WebSocket, { expiresAt }: Caller): void {
  if (!expiresAt) return;
  const ms = Math.min(expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS);
  const timer = setTimeout(() => socket.close(UNAUTHORIZED, 'UNAUTHENTICATED'), ms);
  socket.once('close', () => clearTimeout(timer));
}
