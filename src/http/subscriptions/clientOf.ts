import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import type { Config } from '../../config/config.js';

export type Client = {
  /** Whose audit speaks of: the client's, not its proxy's. */
  address: string;
  /** The server's address as this client has it, such as "https://mri.hospital.example". */
  origin: string;
};

/** For a WebSocket what Fastify tells of an HTTP request; what a proxy forwards counts only from those of TRUSTED_PROXY. */
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
