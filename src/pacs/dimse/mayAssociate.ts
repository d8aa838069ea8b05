import { isIPv4 } from 'node:net';
import type { AssociateRequest } from './pdu.js';

/** A peer that may call: an AE title, from any address or from one only. */
export type AllowedPeer = { aeTitle: string; address: string | null };

/** `aeTitle`: our own, which callers must name. `allowed`: null allows any peer on this machine, and no other. */
export type Peers = { aeTitle: string; allowed: readonly AllowedPeer[] | null };

/**
 * An A-ASSOCIATE-RJ (PS3.8 9.3.4). `result`: 1 permanent, 2 transient. `source`: 1 service user, 3 provider
 * (presentation). `why`: the reason for our log.
 */
export type AssociationRefusal = { result: number; source: number; reason: number; why: string };

export const NO_ROOM: AssociationRefusal = { result: 2, source: 3, reason: 2, why: 'too many associations are open' };

/**
 * Why an association is refused; undefined where it is not.
 * @param contexts number of proposed presentation contexts.
 */
export function mayAssociate(
  request: AssociateRequest,
  remoteAddress: string | undefined,
  { aeTitle, allowed }: Peers,
  contexts: number,
): AssociationRefusal | undefined {
  if (request.calledAeTitle !== aeTitle) {
    return { result: 1, source: 1, reason: 7, why: `it calls another AE title than ${aeTitle}` };
  }
  if (!isAllowed(request.callingAeTitle, plainAddress(remoteAddress), allowed)) {
    const why = allowed
      ? 'its AE title or address is not in DICOM_ALLOWED_PEERS'
      : 'DICOM_ALLOWED_PEERS is not set, so only this machine may send';
    return { result: 1, source: 1, reason: 3, why };
  }
  if (contexts === 0) return { result: 1, source: 1, reason: 1, why: 'it proposes no presentation context' };
  return undefined;
}

/**
 * Whether any peer may call from this address. Connections from other addresses must not take places from those who
 * may.
 */
export function isKnownAddress(remoteAddress: string | undefined, allowed: Peers['allowed']): boolean {
  const address = plainAddress(remoteAddress);
  if (allowed === null) return isLoopback(address);
  return allowed.some((peer) => peer.address === null || peer.address === address);
}

function isAllowed(callingAeTitle: string, address: string, allowed: Peers['allowed']): boolean {
  if (allowed === null) return isLoopback(address);
  return allowed.some((peer) => peer.aeTitle === callingAeTitle && (peer.address === null || peer.address === address));
}

/** Whether a configured host, a name or an IP address, is this machine. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || isLoopback(host);
}

/** Whether an IP address is of this machine. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** The address without the prefix that IPv6 sockets put before IPv4: "::ffff:10.0.0.5". */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/i, '');
}
