import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Connection } from './connection.js';
import type { Peers } from './mayAssociate.js';
import { serveAssociation } from './serveAssociation.js';

/** An object that a peer sends: the bytes of a Part 10 file, its data set as it comes over the wire. */
export type Incoming = {
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
  store(incoming: Incoming): Promise<void>;
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
  /** At once; one more is told to come again later. */
  associations: number;
  /** Bytes of a PDU. */
  pduLength: number;
  /** Bytes of an object. */
  objectBytes: number;
  /** The longest silence, and the longest that one PDU may take. */
  idleMs: number;
};

export const PROVIDER_LIMITS: ProviderLimits = {
  associations: 32,
  pduLength: 128 * 1024,
  objectBytes: 4 * 1024 ** 3,
  idleMs: 60_000,
};

/** `associations`: how many are open. */
export type Provider = { port: number; associations(): number; close(): Promise<void> };

/**
 * Listens for C-ECHO and C-STORE (PS3.4 A and B). Each association is served in order; several at a time.
 * @throws the operating system's error where the address cannot be had.
 */
export async function startProvider(options: ProviderOptions): Promise<Provider> {
  const limits = { ...PROVIDER_LIMITS, ...options.limits };
  const open = new Map<Socket, Promise<void>>();
  let associations = 0;
  const accept = (socket: Socket) => {
    const connection = new Connection(socket, { maxPduLength: limits.pduLength, idleMs: limits.idleMs });
    const slots = {
      take: () => associations < limits.associations && ++associations > 0,
      give: () => {
        associations--;
      },
    };
    const served = serveAssociation(connection, socket, options, limits, slots).finally(() => {
      open.delete(socket);
    });
    open.set(socket, served);
  };
  const server = options.tls ? createTlsServer(options.tls, accept) : createTcpServer(accept);
  // Those beyond get no connection at all: a flood of them must not cost memory.
  server.maxConnections = limits.associations * 2;
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    options.onEvent?.({
      kind: 'refused',
      peer: socket.remoteAddress ?? '',
      reason: `TLS: ${error.code ?? error.message}`,
    });
  });
  await listen(server, options.port, options.host);
  const { port } = server.address() as { port: number };
  const close = async () => {
    server.close();
    for (const socket of open.keys()) socket.destroy();
    await Promise.all(open.values());
  };
  return { port, associations: () => associations, close };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
