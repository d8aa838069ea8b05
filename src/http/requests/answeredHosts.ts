import type { Config } from '../../config/config.js';

/**
 * Tells whether this server answers requests for a host ("name" or "name:port"). Another site may let its own name point
 * at this machine, and its pages could then read what a browser here may read.
 */
export function answersForHost({ publicUrl }: Config): (host: string) => boolean {
  const hosts = ['localhost', '127.0.0.1', '[::1]', ...(publicUrl ? [new URL(publicUrl).hostname] : [])];
  return (host) => hosts.includes(host.replace(/:\d+$/, ''));
}

/** What a request for another host is answered. */
export const HOST_REFUSED = {
  code: 'HOST_REFUSED',
  message: 'This server does not answer for that host. Set PUBLIC_URL to the address that callers use.',
};
