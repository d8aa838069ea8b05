import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Config } from '../../config/config.js';
import { answersForHost, HOST_REFUSED } from '../requests/answeredHosts.js';
import { comesByProxy, PROXY_REQUIRED } from '../requests/knownProxies.js';

/** How long a refused peer has to read the answer before its connection is destroyed. */
const REFUSAL_ARRIVES_MS = 1_000;

/** `status`: the code and phrase of HTTP's status line, such as "404 Not Found". */
export type UpgradeRefusal = { status: string; code: string; message: string };

/**
 * Why a request may not become a WebSocket; undefined if it may. The rules are those of the HTTP side. In addition, pages
 * of other sites are refused, because CORS does not keep them from a WebSocket (RFC 6455 10.2).
 */
export function upgradeRefusals(config: Config): (request: IncomingMessage) => UpgradeRefusal | undefined {
  const { allowedOrigins } = config;
  const isForUs = answersForHost(config);
  const mayConnect = comesByProxy(config);
  return (request) => {
    const { host = '', origin } = request.headers;
    if (!mayConnect(request.socket.remoteAddress)) return { status: '403 Forbidden', ...PROXY_REQUIRED };
    if (!isForUs(host)) return { status: '421 Misdirected Request', ...HOST_REFUSED };
    const isOurs = origin === undefined || (URL.canParse(origin) && isForUs(new URL(origin).host));
    if (!isOurs && !allowedOrigins.includes(origin as string))
      return { status: '403 Forbidden', code: 'ORIGIN_REFUSED', message: 'Pages of other sites may not subscribe.' };
    if (request.url?.split('?')[0] !== '/graphql')
      return { status: '404 Not Found', code: 'NOT_FOUND', message: 'Subscribe at /graphql.' };
    return undefined;
  };
}

/** Answers an upgrade as HTTP does, with `code` and `message` as JSON, and closes the connection. */
export function refuseUpgrade(socket: Duplex, { code, message, status }: UpgradeRefusal): void {
  const body = JSON.stringify({ code, message });
  socket.on('error', () => {}); // the refused peer may have gone
  socket.resume(); // unread bytes would keep the connection open, and the server from closing
  setTimeout(() => socket.destroy(), REFUSAL_ARRIVES_MS).unref();
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
