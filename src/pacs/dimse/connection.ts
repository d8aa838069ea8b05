import type { Socket } from 'node:net';
import { createPace, SLOWEST, SLOWEST_OF_MANY } from '../../peers/pace.js';
import { InvalidPdu, PDU_TYPES, type Pdu } from './pdu.js';
import { readPdu } from './readPdu.js';

/**
 * The peer closed, reset or aborted the connection, or fell silent. A client reports it as a `cause`; the provider only
 * logs it.
 */
export class ConnectionLost extends Error {}

/**
 * Limits of a connection.
 * `maxPduLength`: bytes of the longest PDU that is read. We announce it, so a longer one is an attack or a mistake.
 * `idleMs`: longest time for a whole PDU to arrive, and for the peer to take what we write.
 * `paced`: whether a peer that is too slow within a message is cut off earlier (peers/pace.ts).
 */
export type ConnectionLimits = { maxPduLength: number; idleMs: number; paced?: boolean };

/**
 * Longest A-ASSOCIATE PDU, in bytes. It may name 128 contexts with all their transfer syntaxes, which takes more than
 * most data PDUs hold.
 */
const MAX_ASSOCIATE_LENGTH = 256 * 1024;
const HEADER = 6;

/** PDUs over a socket. Nothing is read before it is asked for, so a peer that is faster than our disk has to wait. */
export class Connection {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  readonly #slowest = createPace(SLOWEST);
  readonly #slowestOfMany = createPace(SLOWEST_OF_MANY);

  constructor(socket: Socket, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#limits = limits;
    socket.setNoDelay(true); // a response goes out at once
    socket.on('error', () => {}); // whoever reads or writes reports the error
    this.#chunks = socket.iterator({ destroyOnReturn: true })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Whether the socket is closed. */
  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Remaining patience with this peer, in ms, where others wait for its place (peers/pace.ts). */
  patienceLeft(): number {
    return this.#slowestOfMany.left();
  }

  /**
   * Reads the next PDU; null where the peer closed in front of one.
   * @param inMessage whether the PDU belongs to something that has begun, so that the peer must not pause.
   * @param ms time within which the whole PDU must arrive.
   * @throws InvalidPdu, or ConnectionLost where the connection breaks within a PDU, or nothing comes in time.
   */
  async read(inMessage = false, ms = this.#limits.idleMs): Promise<Pdu | null> {
    return this.#withTimeout(ms, async () => {
      const header = await this.#take(HEADER, inMessage);
      if (header === null) return null;
      const type = header.readUInt8(0);
      const length = header.readUInt32BE(2);
      // The length is checked before a byte of the body is kept, so a forged length costs nothing.
      const longest =
        type === PDU_TYPES.ASSOCIATE_RQ || type === PDU_TYPES.ASSOCIATE_AC
          ? MAX_ASSOCIATE_LENGTH
          : this.#limits.maxPduLength;
      if (type < 1 || type > 7) throw new InvalidPdu(`PDU type ${type}`);
      if (length > longest) throw new InvalidPdu(`a PDU of ${length} bytes`);
      const body = await this.#take(length, true);
      if (body === null) throw new ConnectionLost('closed in the middle of a PDU');
      return readPdu(type, body);
    });
  }

  /**
   * Writes bytes. Resolves when the operating system has taken them, or our buffer has room again.
   * @throws ConnectionLost.
   */
  async write(...parts: Buffer[]): Promise<void> {
    if (this.#socket.destroyed) throw new ConnectionLost('closed');
    this.#socket.cork();
    let room = true;
    for (const part of parts) room = this.#socket.write(part) && room;
    this.#socket.uncork();
    if (room) return;
    await this.#withTimeout(
      this.#limits.idleMs,
      () =>
        new Promise<void>((resolve, reject) => {
          const settle = () => {
            this.#socket.off('drain', settle).off('close', settle);
            if (this.#socket.destroyed) reject(new ConnectionLost('closed while we were sending'));
            else resolve();
          };
          this.#socket.on('drain', settle).on('close', settle);
        }),
    );
  }

  /** Ends the connection after what was written. The peer has a second to close its half. */
  end(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  /** Closes the socket at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  async #take(length: number, inMessage: boolean): Promise<Buffer | null> {
    while (this.#pendingBytes < length) {
      const { done, value } = await this.#next(inMessage || this.#pendingBytes > 0);
      if (done) {
        if (this.#pendingBytes === 0) return null;
        throw new ConnectionLost('closed in the middle of a PDU');
      }
      this.#pending.push(value);
      this.#pendingBytes += value.length;
    }
    const all = this.#pending.length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending);
    this.#pending = all.length > length ? [all.subarray(length)] : [];
    this.#pendingBytes = all.length - length;
    return all.subarray(0, length);
  }

  async #next(inMessage: boolean): Promise<IteratorResult<Buffer, undefined>> {
    const paced = inMessage && this.#limits.paced;
    this.#slowestOfMany.wait();
    if (paced) this.#slowest.wait();
    const slow = () => this.#socket.destroy(Object.assign(new Error(), { code: 'too slow' }));
    const timer = paced ? setTimeout(slow, Math.max(0, this.#slowest.left())) : undefined;
    try {
      const next = (await this.#chunks.next()) as IteratorResult<Buffer, undefined>;
      const bytes = next.value?.length ?? 0;
      this.#slowestOfMany.came(bytes);
      if (paced) this.#slowest.came(bytes);
      return next;
    } catch (error) {
      const { code = 'closed' } = error as NodeJS.ErrnoException;
      throw new ConnectionLost(code, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs `action` with a time limit. The socket's own timeout would not do: each byte restarts it. */
  async #withTimeout<T>(ms: number, action: () => Promise<T>): Promise<T> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#socket.destroy(new Error('silent'));
    }, ms);
    try {
      return await action();
    } catch (error) {
      if (late) throw new ConnectionLost(`silent for ${ms} ms`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
