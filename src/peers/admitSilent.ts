import type { Socket } from 'node:net';

/** `most`: at once. `withinMs`: how long one may say nothing; by default for as long as it likes. */
export type SilentLimits = { most: number; withinMs?: number };

type SilentConnection = { socket: Socket; address: string; timer: NodeJS.Timeout | undefined };

/**
 * Connections that have nothing in work yet, or nothing any more. Where that are too many, the one goes that has been
 * silent for longest, of the address that has most of them: a flood of them costs no memory, and keeps nobody out who
 * speaks at once.
 */
export function admitSilent({ most, withinMs }: SilentLimits) {
  /** By the peer's address and port: TLS hands over another object than the one that came. */
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
    /** It has said what it wants. @returns whether it was one of them. */
    spoke: (socket: Socket): boolean => remove(nameOf(socket)),
  };
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
