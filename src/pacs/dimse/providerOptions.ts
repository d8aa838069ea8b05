import type { TlsOptions } from 'node:tls';
import type { Peers } from './mayAssociate.js';

/** An object that a peer sends: the bytes of a Part 10 file, its data set as it comes over the wire. */
export type IncomingObject = {
  callingAeTitle: string;
  /** As the C-STORE-RQ says; that the data set says the same is for the receiver to check. */
  sopClassUid: string;
  sopInstanceUid: string;
  bytes: AsyncIterable<Uint8Array>;
  /** Which association it comes over, until `onClose` names it. */
  association: number;
  /** Whose C-MOVE made the peer send it; null where nobody's did. */
  moveOriginatorAeTitle: string | null;
};

/**
 * `store` keeps an object and returns when it is durable: only then is it acknowledged. What it throws becomes the
 * status of the response (status.ts). `tls`: key, cert, and `ca` with `requestCert` where peers must have certificates.
 * Limits: see PROVIDER_LIMITS.
 */
export type ProviderOptions = Peers & {
  host: string;
  port: number;
  tls?: TlsOptions | undefined;
  store(incoming: IncomingObject): Promise<void>;
  onClose?(association: number): void;
  /** For the log; never with a patient's data. */
  onEvent?(event: ProviderEvent): void;
  limits?: Partial<ProviderLimits>;
};

export type ProviderEvent = {
  kind: 'refused' | 'broken' | 'failed';
  peer: string;
  callingAeTitle?: string;
  reason: string;
  error?: unknown;
};

export type ProviderLimits = {
  /** At once; one more, who waits in vain for the place of one that is too slow, is told to come again later. */
  associations: number;
  /** Of one AE title at one address. */
  associationsOfOne: number;
  /** Bytes of a PDU. */
  pduLength: number;
  /** Bytes of an object. */
  objectBytes: number;
  /** The longest silence, and the longest that one PDU may take. */
  idleMs: number;
};

/** From the connection to the last byte of the A-ASSOCIATE-RQ, TLS included. */
export const FIRST_PDU_MS = 5000;

export const PROVIDER_LIMITS: ProviderLimits = {
  associations: 32,
  associationsOfOne: 24,
  pduLength: 128 * 1024,
  objectBytes: 4 * 1024 ** 3,
  idleMs: 60_000,
};
