import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type CheckOutcome, failed, ok } from './checkResult.js';

/** Where a peer listens. `host`: a name or an IP address. */
export type Address = { host: string; port: number };

/** How long a peer may say nothing before a check takes it for silent. */
export const SILENCE_MS = 5_000;

/** Thrown by {@link openSocket} when the peer does not answer within {@link SILENCE_MS}. */
export class PeerSilent extends Error {}

/**
 * Opens a TCP connection, and makes the TLS handshake where `tls` is given.
 * @throws PeerSilent, or the error of the operating system or of TLS.
 */
export function openSocket({ host, port }: Address): Promise<Socket>;
export function openSocket({ host, port }: Address, tls: ConnectionOptions): Promise<TLSSocket>;
export function openSocket({ host, port }: Address, tls: ConnectionOptions | undefined): Promise<Socket>;
export function openSocket({ host, port }: Address, tls?: ConnectionOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) ? {} : { servername: host }; // RFC 6066 3: names, no addresses
    const socket = tls ? connectTls({ ...name, ...tls, host, port }) : connectTcp({ host, port });
    const end = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => end(new PeerSilent()), SILENCE_MS);
    socket.once('error', end);
    socket.once('close', () => end(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('close').off('error', end);
      socket.on('error', () => {}); // what reads or writes reports it
      resolve(socket);
    });
  });
}

/** Looks up a host name. `setting`: how people call the setting that names it. */
export async function examineName(host: string, setting: string): Promise<CheckOutcome> {
  if (isIP(host)) return ok(`${host} is an address: no name to look up.`);
  try {
    const addresses = await lookup(host, { all: true });
    return ok(`${host} is ${addresses.map(({ address }) => address).join(', ')}.`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failed(
      'PACS_DNS',
      code === 'ENOTFOUND' ? `No such name: ${host}.` : `The name server does not answer for ${host} (${code}).`,
      `Correct the host in ${setting}, write its IP address instead, or have the name entered in the hospital’s DNS.`,
    );
  }
}

/** Examines whether something listens at an address and can be reached from here. */
export async function examineReach(address: Address, setting: string): Promise<CheckOutcome> {
  const at = `${address.host}:${address.port}`;
  try {
    (await openSocket(address)).destroy();
    return ok(`${at} accepts connections.`);
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED')
      return failed(
        'PACS_TCP_REFUSED',
        `${at} refuses connections: nothing listens on that port.`,
        `Start the archive, or correct the port in ${setting}; the archive’s own settings name it.`,
      );
    if (error instanceof PeerSilent || code === 'ETIMEDOUT')
      return failed(
        'PACS_TCP_TIMEOUT',
        `${at} does not answer: it is off, or a firewall drops what we send.`,
        `Check host and port in ${setting}, then have the firewall opened from this machine to ${at}.`,
      );
    return failed(
      'PACS_TCP_UNREACHABLE',
      `${at} cannot be reached (${code}).`,
      `Check host and port in ${setting}, and this machine’s network: cable, VLAN, route, VPN.`,
    );
  }
}
