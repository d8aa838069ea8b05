import type { Socket } from 'node:net';
import { InvalidPdu, PDU_TYPES, type Pdu } from './pdu.js';
import { readPdu } from './readPdu.js';

/** The peer closed, reset, aborted or fell silent. `cause` of what a client reports; a provider only logs it. */
export class ConnectionLost extends Error {}

/**
 * `maxPduLength`: bytes of the longest PDU that is read; we announce it, so a longer one is an attack or a mistake.
 * `idleMs`: the longest that the whole of the next PDU may take to arrive, or what we write to be taken.
 */
export type ConnectionLimits = { maxPduLength: number; idleMs: number };

/** An A-ASSOCIATE-RQ may name 128 contexts with all their syntaxes: more than most data PDUs hold. */
const MAX_ASSOCIATE_LENGTH = 256 * 1024;
const HEADER = 6;

/** PDUs over a socket. Nothing is read before it is asked for, so a peer faster than our disk waits in its own buffers. */
export class Connection {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(socket: Socket, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#limits = limits;
    socket.setNoDelay(true); // a response waits for nothing that could be sent with it
    socket.on('error', () => {}); // what reads or writes reports it
    this.#chunks = socket.iterator({ destroyOnReturn: true })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /**
   * The next PDU; null where the peer closed in front of one.
   * @throws InvalidPdu; ConnectionLost where the connection breaks in the middle of one, or nothing comes in time.
   */
  async read(): Promise<Pdu | null> {
    return this.#inTime(async () => {
      const header = await this.#take(HEADER);
      if (header === null) return null;
      const type = header.readUInt8(0);
      const length = header.readUInt32BE(2);
      // Before a byte of it is kept: a forged length must cost nothing.
      const longest =
        type === PDU_TYPES.ASSOCIATE_RQ || type === PDU_TYPES.ASSOCIATE_AC
          ? MAX_ASSOCIATE_LENGTH
          : this.#limits.maxPduLength;
      if (type < 1 || type > 7) throw new InvalidPdu(`PDU type ${type}`);
      if (length > longest) throw new InvalidPdu(`a PDU of ${length} bytes`);
      const body = await this.#take(length);
      if (body === null) throw new ConnectionLost('closed in the middle of a PDU');
      return readPdu(type, body);
    });
  }

  /** Resolves when the operating system has taken the bytes, or our buffer has room again. */
  async write(...parts: Buffer[]): Promise<void> {
    if (this.#socket.destroyed) throw new ConnectionLost('closed');
    this.#socket.cork();
    let room = true;
    for (const part of parts) room = this.#socket.write(part) && room;
    this.#socket.uncork();
    if (room) return;
    await this.#inTime(
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

  /** Ends after what was written. The peer closes its half; if it does not, we do. */
  end(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #take(length: number): Promise<Buffer | null> {
    while (this.#pendingBytes < length) {
      const { done, value } = await this.#next();
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

  async #next(): Promise<IteratorResult<Buffer, undefined>> {
    try {
      return (await this.#chunks.next()) as IteratorResult<Buffer, undefined>;
    } catch (error) {
      const { code = 'closed' } = error as NodeJS.ErrnoException;
      throw new ConnectionLost(code, { cause: error });
    }
  }

  /** A peer that sends a byte now and then is not idle for the socket; it is for us. */
  async #inTime<T>(action: () => Promise<T>): Promise<T> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#socket.destroy(new Error('silent'));
    }, this.#limits.idleMs);
    try {
      return await action();
    } catch (error) {
      if (late) throw new ConnectionLost(`silent for ${this.#limits.idleMs} ms`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
