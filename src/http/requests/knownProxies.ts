import { BlockList, isIP } from 'node:net';
import type { Config } from '../../config/config.js';

/**
 * Whether a connection may come from this address: where a reverse proxy is to encrypt and is named, nobody goes past it.
 */
export function comesByProxy({ tls, trustedProxies }: Config): (address: string | undefined) => boolean {
  if (tls || trustedProxies.length === 0) return () => true;
  const known = new BlockList();
  known.addSubnet('127.0.0.0', 8, 'ipv4');
  known.addAddress('::1', 'ipv6');
  for (const network of trustedProxies) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, Number(bits), family);
  }
  return (address = '') => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, ''); // an IPv4 address on a socket that takes both
    return isIP(plain) !== 0 && known.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

export const PROXY_REQUIRED = {
  code: 'PROXY_REQUIRED',
  message: 'This server is reached through its reverse proxy only; TRUSTED_PROXY names it.',
};
