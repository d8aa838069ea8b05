import proxyAddr from '@fastify/proxy-addr';
import type { Config } from '../../config/config.js';

/**
 * Tells whether a connection may come from an address. If TRUSTED_PROXY names a reverse proxy and the server itself does
 * not encrypt, only that proxy and this machine may connect.
 */
export function comesByProxy({
  tls,
  trustedProxies,
}: Pick<Config, 'tls' | 'trustedProxies'>): (address: string | undefined) => boolean {
  if (tls || trustedProxies.length === 0) return () => true;
  const isKnown = proxyAddr.compile(['loopback', ...trustedProxies]);
  return (address) => address !== undefined && isKnown(address, 0);
}

/** What a connection that does not come through the proxy is answered. */
export const PROXY_REQUIRED = {
  code: 'PROXY_REQUIRED',
  message: 'This server is reached through its reverse proxy only; TRUSTED_PROXY names it.',
};
