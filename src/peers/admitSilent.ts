import type { Socket } from 'node:net';

/** `most`: how many at once. `withinMs`: how long a connection may be silent; by default for ever. */
export type SilentLimits = { most: number; withinMs?: number };

type SilentConnection = { socket: Socket; address: string; timer: NodeJS.Timeout | undefined };

/**
 * Limits the connections that have sent no request yet, or have none in work any more. When there are too many, it
 * closes the one that has been silent for longest, of the address that has most of them. So a flood of them costs no
 * memory, and does not keep out a peer that speaks at once.
 */
export function admitSilent({ most, withinMs }: SilentLimits) {
  /** By the peer's address and port, since TLS replaces the socket object. */
  const silent = new Map<string, SilentConnection>();
  const watched = new WeakSet<Socket>();
  const remove = (name: string): boolean => {
    clearTimeout(silent.get(name)?.timer);
    return silent.delete(name);
  };
  const makeRoom = () => {
    const counts = new Map<string, number>();
    for (const { address } of silent.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const largest = Math.max(...counts.values());
    for (const [name, { address, socket }] of silent) {
      if (counts.get(address) !== largest) continue;
      remove(name);
      socket.destroy();
      return;
    }
  };
  return {
    admit(socket: Socket): void {
      const name = nameOf(socket);
      remove(name);
      if (silent.size >= most) makeRoom();
      const timer = withinMs === undefined ? undefined : setTimeout(() => remove(name) && socket.destroy(), withinMs);
      silent.set(name, { socket, address: socket.remoteAddress ?? '', timer });
      if (watched.has(socket)) return;
      watched.add(socket);
      socket.once('close', () => silent.get(name)?.socket === socket && remove(name));
    },
    /** The peer has sent a request. @returns whether it was silent before. */
    spoke: (socket: Socket): boolean => remove(nameOf(socket)),
  };
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
