import { isIPv4 } from 'node:net';
import type { AssociateRequest } from './pdu.js';

/** Who may call: an AE title, from any address or from one only. */
export type AllowedPeer = { aeTitle: string; address: string | null };

/** `aeTitle`: ours, as callers must name it. `allowed`: null = anyone on this machine, and nobody else. */
export type Peers = { aeTitle: string; allowed: readonly AllowedPeer[] | null };

/** PS3.8 9.3.4: result 1 permanent, 2 transient; source 1 the user, 3 the provider's presentation. `why`: for our log. */
export type AssociationRefusal = { result: number; source: number; reason: number; why: string };

export const NO_ROOM: AssociationRefusal = { result: 2, source: 3, reason: 2, why: 'too many associations are open' };

/** Why an association is refused; undefined where it is not. */
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

/** Whether anybody at all may call from there: those who may not take no place from those who may. */
export function isKnownAddress(remoteAddress: string | undefined, allowed: Peers['allowed']): boolean {
  const address = plainAddress(remoteAddress);
  if (allowed === null) return isLoopback(address);
  return allowed.some((peer) => peer.address === null || peer.address === address);
}

function isAllowed(callingAeTitle: string, address: string, allowed: Peers['allowed']): boolean {
  if (allowed === null) return isLoopback(address);
  return allowed.some((peer) => peer.aeTitle === callingAeTitle && (peer.address === null || peer.address === address));
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** IPv4 as sockets that listen for IPv6, too, write it: "::ffff:10.0.0.5". */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/i, '');
}
