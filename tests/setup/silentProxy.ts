import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `silence`: from now on nothing passes, and nobody is told: connections stay open, new ones are taken. */
export type SilentProxy = { port: number; silence(): void; speak(): void; close(): void };

/** Stands between a program and the socket at `path`. */
export async function startSilentProxy(path: string): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((near) => {
    const far = connect(path);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => silent || to.write(chunk));
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (!silent) to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => {
      silent = true;
    },
    speak: () => {
      silent = false;
      for (const socket of sockets) socket.destroy(); // what was swallowed is not said again
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
