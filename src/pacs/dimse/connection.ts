import type { Socket } from 'node:net';
import { createPace, SLOWEST, SLOWEST_OF_MANY } from '../../peers/pace.js';
import { InvalidPdu, PDU_TYPES, type Pdu } from './pdu.js';
import { readPdu } from './readPdu.js';

/** The peer closed, reset, aborted or fell silent. `cause` of what a client reports; a provider only logs it. */
export class ConnectionLost extends Error {}

/**
 * `maxPduLength`: bytes of the longest PDU that is read; we announce it, so a longer one is an attack or a mistake.
 * `idleMs`: the longest that the whole of the next PDU may take to arrive, or what we write to be taken. `paced`: whether
 * a peer that is too slow in the middle of something is cut off before.
 */
export type ConnectionLimits = { maxPduLength: number; idleMs: number; paced?: boolean };

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
  readonly #slowest = createPace(SLOWEST);
  readonly #slowestOfMany = createPace(SLOWEST_OF_MANY);

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

  /** The patience that is left where others wait for the place of this connection; pace.ts. */
  patienceLeft(): number {
    return this.#slowestOfMany.left();
  }

  /**
   * The next PDU; null where the peer closed in front of one.
   * @param within whether it belongs to something that has begun, so that the peer may not rest.
   * @param ms in which the whole of it must have come.
   * @throws InvalidPdu; ConnectionLost where the connection breaks in the middle of one, or nothing comes in time.
   */
  async read(within = false, ms = this.#limits.idleMs): Promise<Pdu | null> {
    return this.#withTimeout(ms, async () => {
      const header = await this.#take(HEADER, within);
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
      const body = await this.#take(length, true);
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

  /** Ends after what was written. The peer closes its half; if it does not, we do. */
  end(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #take(length: number, within: boolean): Promise<Buffer | null> {
    while (this.#pendingBytes < length) {
      const { done, value } = await this.#next(within || this.#pendingBytes > 0);
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

  async #next(within: boolean): Promise<IteratorResult<Buffer, undefined>> {
    const paced = within && this.#limits.paced;
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

  /** A peer that sends a byte now and then is not idle for the socket; it is for us. */
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
