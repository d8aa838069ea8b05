import type { TlsOptions } from 'node:tls';
import type { Peers } from './mayAssociate.js';
import type { RefusedContext } from './negotiate.js';

/** An object that a peer sends, as the bytes of a Part 10 file whose data set is passed on as it arrives. */
export type IncomingObject = {
  callingAeTitle: string;
  /** UIDs of the C-STORE-RQ. The receiver must check that the data set has the same. */
  sopClassUid: string;
  sopInstanceUid: string;
  bytes: AsyncIterable<Uint8Array>;
  /** Number of the association that it comes over; `onClose` gets the same number. */
  association: number;
  /** AE title whose C-MOVE made the peer send the object; null without a C-MOVE. */
  moveOriginatorAeTitle: string | null;
};

/**
 * Options of a provider.
 * `store`: keeps an object and returns when it is durable, for only then is it acknowledged. What it throws becomes the
 * status of the response (status.ts).
 * `tls`: key and certificate; `ca` with `requestCert` where peers must have certificates.
 * `limits`: see PROVIDER_LIMITS.
 */
export type ProviderOptions = Peers & {
  host: string;
  port: number;
  tls?: TlsOptions | undefined;
  store(incoming: IncomingObject): Promise<void>;
  /** Is called with the presentation contexts of an association that were not accepted, if there are any. */
  onRefusedContexts?(association: number, peer: AssociationPeer, refused: readonly RefusedContext[]): void;
  onClose?(association: number): void;
  /** Is called for the log. Events never hold patient data. */
  onEvent?(event: ProviderEvent): void;
  limits?: Partial<ProviderLimits>;
};

/** The other end of an association: its IP address and its AE title. */
export type AssociationPeer = { peer: string; callingAeTitle: string };

/** What a provider logs: an association that was refused, broke off, or failed by our own fault. */
export type ProviderEvent = {
  kind: 'refused' | 'broken' | 'failed';
  peer: string;
  callingAeTitle?: string;
  reason: string;
  error?: unknown;
};

export type ProviderLimits = {
  /**
   * Most associations at a time. Another one is refused as transient unless one that is too slow gives up its place.
   */
  associations: number;
  /** Most associations of one AE title at one address. */
  associationsOfOne: number;
  /** Longest PDU, in bytes. */
  pduLength: number;
  /** Largest object, in bytes. */
  objectBytes: number;
  /** Longest silence, and longest time for one PDU. */
  idleMs: number;
};

/** Longest time from the connection to the last byte of the A-ASSOCIATE-RQ, TLS included. */
export const FIRST_PDU_MS = 5000;

/** The limits by default. */
export const PROVIDER_LIMITS: ProviderLimits = {
  associations: 32,
  associationsOfOne: 24,
  pduLength: 128 * 1024,
  objectBytes: 4 * 1024 ** 3,
  idleMs: 60_000,
};
