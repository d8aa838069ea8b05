import type { Config } from '../../config/config.js';

/**
 * Whether a request that names this host ("name" or "name:port") is meant for us. A page of another site may let its own
 * name point at this machine; it then reads what a browser here may read.
 */
export function answersForHost({ publicUrl }: Config): (host: string) => boolean {
  const hosts = ['localhost', '127.0.0.1', '[::1]', ...(publicUrl ? [new URL(publicUrl).hostname] : [])];
  return (host) => hosts.includes(host.replace(/:\d+$/, ''));
}

export const HOST_REFUSED = {
  code: 'HOST_REFUSED',
  message: 'This server does not answer for that host. Set PUBLIC_URL to the address that callers use.',
};
