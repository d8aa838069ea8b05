import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import type { Config } from '../../config/config.js';

export type Client = {
  /** IP address that the audit records: the client's, not its proxy's. Empty after the client has gone. */
  address: string;
  /** URL under which this client reaches the server, such as "https://mri.hospital.example". */
  origin: string;
};

/**
 * Finds for the request of a WebSocket what Fastify finds for an HTTP request. Forwarded headers count only if a proxy of
 * TRUSTED_PROXY sent them.
 */
export function clientOf({
  publicUrl,
  tls,
  trustedProxies,
}: Pick<Config, 'publicUrl' | 'tls' | 'trustedProxies'>): (request: IncomingMessage) => Client {
  const trust = proxyAddr.compile([...trustedProxies]);
  return (request) => {
    const byProxy = trustedProxies.length > 0 && trust(request.socket.remoteAddress ?? '', 0);
    const forwarded = (name: string) =>
      byProxy
        ? String(request.headers[name] ?? '')
            .split(',')
            .at(-1)
            ?.trim() || undefined
        : undefined;
    const protocol = forwarded('x-forwarded-proto') ?? (tls ? 'https' : 'http');
    return {
      address: request.socket.remoteAddress ? proxyAddr(request, trust) : '',
      origin: publicUrl ?? `${protocol}://${forwarded('x-forwarded-host') ?? request.headers.host}`,
    };
  };
}
