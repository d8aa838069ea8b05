import proxyAddr from '@fastify/proxy-addr';
import type { Config } from '../../config/config.js';

/**
 * Whether a connection may come from this address. Where a reverse proxy is named and is the one to encrypt, connections come
 * from it or from this machine only.
 */
export function comesByProxy({
  tls,
  trustedProxies,
}: Pick<Config, 'tls' | 'trustedProxies'>): (address: string | undefined) => boolean {
  if (tls || trustedProxies.length === 0) return () => true;
  const isKnown = proxyAddr.compile(['loopback', ...trustedProxies]);
  return (address) => address !== undefined && isKnown(address, 0);
}

export const PROXY_REQUIRED = {
  code: 'PROXY_REQUIRED',
  message: 'This server is reached through its reverse proxy only; TRUSTED_PROXY names it.',
};
