import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { admitSilent } from '../../peers/admitSilent.js';
import { guarded } from '../../peers/guarded.js';
import { createPlaces } from '../../peers/places.js';
import { Connection } from './connection.js';
import { isKnownAddress } from './mayAssociate.js';
import { FIRST_PDU_MS, PROVIDER_LIMITS, type ProviderOptions } from './providerOptions.js';
import { serveAssociation } from './serveAssociation.js';

/** Longest wait of a new association for the place of one that is too slow. */
const PLACE_WAIT_MS = 1500;
/**
 * Limits for connections from addresses that no allowed peer has. They are told of the refusal, and take no place from
 * others.
 */
const STRANGERS = { most: 4, withinMs: 1000 };

/** A running provider. `associations`: how many are open. */
export type StorageProvider = { port: number; associations(): number; close(): Promise<void> };

/**
 * Starts a provider of C-ECHO and C-STORE (PS3.4 A and B). It serves several associations at a time, and the messages
 * of each in order.
 * @throws the operating system's error where the address is not available.
 */
export async function startProvider(options: ProviderOptions): Promise<StorageProvider> {
  const limits = { ...PROVIDER_LIMITS, ...options.limits };
  const open = new Map<Socket, Promise<unknown>>();
  const { associations: most, associationsOfOne: mostOfOne } = limits;
  const places = createPlaces({ most, mostOfOne, waitMs: PLACE_WAIT_MS });
  const known = admitSilent({ most: 2 * most, withinMs: FIRST_PDU_MS });
  const strangers = admitSilent(STRANGERS);
  const connected = new Set<Socket>();
  let connections = 0;
  const fail = (error: unknown) =>
    options.onEvent?.({ kind: 'failed', peer: '', reason: (error as Error).message, error });
  const accept = (socket: Socket) => {
    const { pduLength: maxPduLength, idleMs } = limits;
    const connection = new Connection(socket, { maxPduLength, idleMs, paced: true });
    const associated = () => known.spoke(socket);
    const served = serveAssociation(connection, socket, options, limits, { number: ++connections, places, associated })
      .catch(fail) // onEvent and onClose may throw
      .finally(() => open.delete(socket));
    open.set(socket, served);
  };
  const guardedAccept = guarded(fail, accept);
  const server = options.tls
    ? createTlsServer({ handshakeTimeout: FIRST_PDU_MS, ...options.tls }, guardedAccept)
    : createTcpServer();
  server.on(
    'connection',
    guarded(fail, (socket: Socket) => {
      socket.on('error', () => {}); // whoever reads the socket reports the error
      connected.add(socket);
      socket.once('close', () => connected.delete(socket));
      (isKnownAddress(socket.remoteAddress, options.allowed) ? known : strangers).admit(socket);
      if (!options.tls) guardedAccept(socket);
    }),
  );
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    options.onEvent?.({
      kind: 'refused',
      peer: socket.remoteAddress ?? '',
      reason: `TLS: ${error.code ?? error.message}`,
    });
  });
  await listen(server, options.port, options.host);
  server.on('error', fail); // for example, a connection that cannot be accepted for lack of file descriptors
  const { port } = server.address() as { port: number };
  const close = async () => {
    server.close();
    for (const socket of [...connected, ...open.keys()]) socket.destroy();
    await Promise.all(open.values());
  };
  return { port, associations: places.size, close };
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
