import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { PacsBadAnswer } from '../../errors.js';
import { asPart10 } from './asPart10.js';
import { Association, abort, type Message } from './association.js';
import { COMMANDS, type Command, RESPONSE } from './command.js';
import { Connection, ConnectionLost } from './connection.js';
import { mayAssociate, type Peers, type Refusal } from './mayAssociate.js';
import { answerContexts } from './negotiate.js';
import { InvalidPdu, writePdu } from './pdu.js';
import { failureStatus, STATUS } from './status.js';

/** An object that a peer sends: the bytes of a Part 10 file, its data set as it comes over the wire. */
export type Incoming = {
  callingAeTitle: string;
  /** As the C-STORE-RQ says; that the data set says the same is for the receiver to check. */
  sopClassUid: string;
  sopInstanceUid: string;
  bytes: AsyncIterable<Uint8Array>;
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

/** `associations`: those that are open; each names the studies of nothing: a closed set says that nobody is sending. */
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
    const served = serve(connection, socket, options, limits, slots).finally(() => {
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

type Slots = { take(): boolean; give(): void };

/** From the first byte to the last; never throws. */
async function serve(
  connection: Connection,
  socket: Socket,
  options: ProviderOptions,
  limits: ProviderLimits,
  slots: Slots,
): Promise<void> {
  const event: ProviderEvent = { kind: 'broken', peer: socket.remoteAddress ?? '', reason: '' };
  let taken = false;
  try {
    const request = await connection.read();
    if (request === null) return; // a port scan, a load balancer's probe
    if (request.type !== 'ASSOCIATE_RQ') throw new InvalidPdu(`${request.type} without an association`);
    event.callingAeTitle = printable(request.callingAeTitle);
    taken = slots.take();
    const { answers, contexts } = answerContexts(request.contexts);
    const refusal = mayAssociate(request, socket.remoteAddress, options, taken, request.contexts.length);
    if (refusal) {
      options.onEvent?.({ ...event, kind: 'refused', reason: refusal.why });
      return await reject(connection, refusal);
    }
    const { calledAeTitle, callingAeTitle } = request;
    const accept = { calledAeTitle, callingAeTitle, contexts: answers, maxPduLength: limits.pduLength, roles: [] };
    await connection.write(writePdu({ type: 'ASSOCIATE_AC', ...accept }));
    const association = new Association(connection, contexts, request.maxPduLength);
    for (let message = await association.receive(); message; message = await association.receive()) {
      await answer(association, message, event, options, limits);
    }
  } catch (error) {
    if (error instanceof InvalidPdu) abort(connection);
    else connection.destroy();
    const expected = error instanceof InvalidPdu || error instanceof ConnectionLost;
    options.onEvent?.({ ...event, kind: expected ? 'broken' : 'failed', reason: (error as Error).message, error });
  } finally {
    if (taken) slots.give();
  }
}

async function reject(connection: Connection, { result, source, reason }: Refusal): Promise<void> {
  await connection.write(writePdu({ type: 'ASSOCIATE_RJ', result, source, reason }));
  connection.end();
}

async function answer(
  association: Association,
  message: Message,
  event: ProviderEvent,
  options: ProviderOptions,
  limits: ProviderLimits,
): Promise<void> {
  const { command, context } = message;
  const { affectedSopClassUid, affectedSopInstanceUid, messageId = 0 } = command;
  const respond = (status: number) =>
    association.send(context, {
      ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
      commandField: command.commandField | RESPONSE,
      messageIdBeingRespondedTo: messageId,
      status,
      ...(affectedSopInstanceUid !== undefined && { affectedSopInstanceUid }),
    });
  if (command.commandField === COMMANDS.C_ECHO_RQ) return respond(STATUS.SUCCESS);
  if (command.commandField === COMMANDS.C_CANCEL_RQ) return; // what it cancels is done already
  if (command.commandField !== COMMANDS.C_STORE_RQ) return respond(STATUS.UNRECOGNIZED_OPERATION);
  if (!message.data || !isStore(command)) return respond(STATUS.MISSING_ATTRIBUTE);
  const failure = await store(message.data, command, event, options, limits, context.transferSyntax);
  if (failure) options.onEvent?.({ ...event, kind: 'failed', reason: failure.message, error: failure });
  await respond(failure ? failureStatus(failure) : STATUS.SUCCESS);
}

type StoreCommand = Command & { affectedSopClassUid: string; affectedSopInstanceUid: string };

function isStore(command: Command): command is StoreCommand {
  return command.affectedSopClassUid !== undefined && command.affectedSopInstanceUid !== undefined;
}

/** What went wrong with this object alone, undefined where nothing did; throws where the association is over. */
async function store(
  data: AsyncGenerator<Buffer>,
  command: StoreCommand,
  { callingAeTitle = '' }: ProviderEvent,
  options: ProviderOptions,
  limits: ProviderLimits,
  transferSyntax: string,
): Promise<Error | undefined> {
  const { affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid } = command;
  let over: unknown;
  /** The association's own end must not be taken for a fault of the store. */
  async function* guarded() {
    let bytes = 0;
    try {
      for await (const chunk of data) {
        bytes += chunk.length;
        if (bytes > limits.objectBytes) throw new InvalidPdu(`an object of more than ${limits.objectBytes} bytes`);
        yield chunk;
      }
    } catch (error) {
      over = error;
      throw error;
    }
  }
  try {
    const bytes = asPart10(guarded(), { sopClassUid, sopInstanceUid, transferSyntax, callingAeTitle });
    await options.store({ callingAeTitle, sopClassUid, sopInstanceUid, bytes });
    return undefined;
  } catch (error) {
    if (over) throw over;
    return error instanceof Error ? error : new PacsBadAnswer('The object cannot be kept.');
  }
}

/** An AE title from the wire may hold anything. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 16);
}
