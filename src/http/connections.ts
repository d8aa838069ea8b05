import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { admitSilent } from '../peers/admitSilent.js';

/** Largest number of connections, plain and TLS, on which no request is being answered. */
const MOST_SILENT = 512;
const LAST_ANSWERS_MS = 20_000;

/** `spoke`: to be called with a connection that becomes a WebSocket, which is then not silent any more. */
export type Connections = { open: ReadonlySet<Socket>; spoke: (socket: Socket) => boolean };

/**
 * Keeps the open connections of a server. Limits those that are silent, so that a peer that opens connections and asks
 * nothing keeps nobody else out.
 */
export function trackConnections(server: Server): Connections {
  const silent = admitSilent({ most: MOST_SILENT });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('connection', silent.admit);
  server.on('secureConnection', silent.admit);
  server.on('request', ({ socket }, response) => {
    silent.spoke(socket);
    response.once('close', () => socket.destroyed || silent.admit(socket));
  });
  return { open, spoke: silent.spoke };
}

/** Closes a server after its last answers, which have LAST_ANSWERS_MS; connections that become idle are closed sooner. */
export async function closeAfterLastAnswers(app: FastifyInstance, { open }: Connections): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 100);
  const last = setTimeout(() => {
    for (const socket of open) socket.destroy(); // also those that became WebSockets, which app.close() leaves open
  }, LAST_ANSWERS_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(last);
  }
}
