import { type Command, NO_DATA_SET, readCommand, writeCommand } from './command.js';
import { type Connection, ConnectionLost } from './connection.js';
import { InvalidPdu, type PresentationDataValue, writeDataHeader, writePdu } from './pdu.js';

/** A presentation context that both sides accepted (PS3.8 9.3.3.2). */
export type PresentationContext = { id: number; abstractSyntax: string; transferSyntax: string };

/**
 * A DIMSE message: a command, and the data set that follows it, if any, as it arrives. Data that the caller leaves
 * unread are skipped before the next message.
 */
export type DimseMessage = { context: PresentationContext; command: Command; data: AsyncGenerator<Buffer> | null };

/** Longest command set, in bytes. */
const MAX_COMMAND = 64 * 1024;
/** Most empty fragments in a row, because they bring a message no nearer to its end. */
const MAX_EMPTY = 64;
/** Longest and shortest P-DATA-TF that we send, in bytes, whatever length the peer takes. */
const LARGEST_SENT = 128 * 1024;
const SMALLEST_SENT = 1024;

/** An established association (PS3.8 7). Messages go both ways, one after another. */
export class Association {
  readonly contexts: ReadonlyMap<number, PresentationContext>;
  readonly #connection: Connection;
  readonly #fragment: number;
  #values: PresentationDataValue[] = [];
  #unread: AsyncGenerator<Buffer> | null = null;
  #nextMessageId = 1;
  #empty = 0;

  /** @param peerMaxPduLength as the peer announced it; 0 means any length. */
  constructor(connection: Connection, contexts: readonly PresentationContext[], peerMaxPduLength: number) {
    this.#connection = connection;
    this.contexts = new Map(contexts.map((context) => [context.id, context]));
    const longest = peerMaxPduLength === 0 ? LARGEST_SENT : Math.min(peerMaxPduLength, LARGEST_SENT);
    this.#fragment = Math.max(longest, SMALLEST_SENT) - 6; // the value's own header
  }

  /** A Message ID (PS3.7 E.1) for the next request. */
  nextMessageId(): number {
    return this.#nextMessageId++ & 0xffff;
  }

  /**
   * Receives the next message; null where the peer released the association, which is then answered and closed.
   * @throws InvalidPdu, ConnectionLost.
   */
  async receive(): Promise<DimseMessage | null> {
    if (this.#unread) for await (const _ of this.#unread); // skips what the caller left unread
    const parts: Buffer[] = [];
    let bytes = 0;
    this.#empty = 0;
    for (;;) {
      const value = await this.#nextValue(parts.length > 0);
      if (value === null) {
        if (parts.length > 0) throw new InvalidPdu('a release in the middle of a command set');
        return null;
      }
      if (!value.isCommand) throw new InvalidPdu('a data set without a command');
      bytes += value.data.length;
      if (bytes > MAX_COMMAND) throw new InvalidPdu('an endless command set');
      parts.push(value.data);
      if (!value.isLast) continue;
      const context = this.contexts.get(value.contextId);
      if (!context) throw new InvalidPdu('a message in a context that was not agreed upon');
      const command = readCommand(Buffer.concat(parts));
      const follows = command.commandDataSetType !== undefined && command.commandDataSetType !== NO_DATA_SET;
      const data = follows ? this.#readData(value.contextId) : null;
      this.#unread = data;
      return { context, command, data };
    }
  }

  /** Sends a command and its data set. @throws ConnectionLost. */
  async send(
    context: PresentationContext,
    command: Omit<Command, 'commandDataSetType'>,
    data?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const commandDataSetType = data ? 0 : NO_DATA_SET;
    const bytes = writeCommand({ ...command, commandDataSetType } as Command);
    await this.#connection.write(writeDataHeader(context.id, true, true, bytes.length), bytes);
    if (data) await this.#sendData(context.id, data);
  }

  /** Releases the association (PS3.8 7.2) and waits for the peer's consent. */
  async release(): Promise<void> {
    await this.#connection.write(writePdu({ type: 'RELEASE_RQ' }));
    try {
      for (
        let pdu = await this.#connection.read();
        pdu && pdu.type !== 'RELEASE_RP';
        pdu = await this.#connection.read()
      );
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error; // the peer has closed, which ends the association as well
    } finally {
      this.#connection.destroy();
    }
  }

  /** Aborts the association (PS3.8 7.3). A half-sent message is void. */
  abort(): void {
    abort(this.#connection);
  }

  async #sendData(contextId: number, data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    let held: Buffer[] = [];
    let bytes = 0;
    const flush = async (isLast: boolean) => {
      await this.#connection.write(writeDataHeader(contextId, false, isLast, bytes), ...held);
      held = [];
      bytes = 0;
    };
    for await (const chunk of data) {
      for (let at = 0; at < chunk.length; ) {
        if (bytes === this.#fragment) await flush(false);
        const part = chunk.subarray(at, at + this.#fragment - bytes);
        held.push(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
        bytes += part.length;
        at += part.length;
      }
    }
    await flush(true);
  }

  async *#readData(contextId: number): AsyncGenerator<Buffer> {
    for (;;) {
      const value = await this.#nextValue(true);
      if (value === null) throw new InvalidPdu('a release in the middle of a data set');
      if (value.isCommand || value.contextId !== contextId)
        throw new InvalidPdu('a message in the middle of a data set');
      if (value.data.length > 0) yield value.data;
      if (!value.isLast) continue;
      this.#unread = null;
      return;
    }
  }

  /**
   * The next presentation data value; null where the peer released the association.
   * @param inMessage whether a message has begun.
   */
  async #nextValue(inMessage: boolean): Promise<PresentationDataValue | null> {
    for (;;) {
      const value = this.#values.shift();
      if (value) {
        this.#countEmpty(value.data.length === 0 && !value.isLast);
        return value;
      }
      const pdu = await this.#connection.read(inMessage);
      if (pdu === null) throw new ConnectionLost('closed without a release');
      if (pdu.type === 'P_DATA') {
        this.#values = [...pdu.values];
        if (pdu.values.length === 0) this.#countEmpty(true);
      } else if (pdu.type === 'ABORT') throw new ConnectionLost(`aborted by the peer (${pdu.source}, ${pdu.reason})`);
      else if (pdu.type === 'RELEASE_RQ') {
        await this.#connection.write(writePdu({ type: 'RELEASE_RP' }));
        this.#connection.end();
        return null;
      } else throw new InvalidPdu(`an unexpected ${pdu.type}`);
    }
  }

  #countEmpty(isEmpty: boolean): void {
    this.#empty = isEmpty ? this.#empty + 1 : 0;
    if (this.#empty > MAX_EMPTY) throw new InvalidPdu('an endless row of empty fragments');
  }
}

/** Aborts a connection (A-ABORT, PS3.8 9.3.8). Source 2 is the service provider; reason 0 is "not specified". */
export function abort(connection: Connection): void {
  if (connection.closed) return;
  connection.write(writePdu({ type: 'ABORT', source: 2, reason: 0 })).catch(() => {});
  connection.end();
}
