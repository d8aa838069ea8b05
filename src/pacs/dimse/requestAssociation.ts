import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { PacsBadAnswer, PacsRefused, PacsUnreachable } from '../../errors/errors.js';
import { Association } from './association.js';
import { Connection, ConnectionLost } from './connection.js';
import { agreedContexts } from './negotiate.js';
import { InvalidPdu, type Pdu, type ProposedContext, type RoleSelection, writePdu } from './pdu.js';

/** An archive to call, and our AE title. `tls`: `ca`, and `cert` and `key` where the peer asks for them. */
export type Peer = {
  host: string;
  port: number;
  calledAeTitle: string;
  callingAeTitle: string;
  tls?: ConnectionOptions | undefined;
  /** Longest silence in ms, 30 s by default. */
  timeoutMs?: number;
  /** How often a busy peer is asked, 4 times by default. */
  attempts?: number;
};

/** Why a peer refused an association (PS3.8 9.3.4). Wrong AE titles are the most common reasons. */
export type Rejection = 'CALLED_AE_TITLE' | 'CALLING_AE_TITLE' | 'BUSY' | 'OTHER';

/** A peer refused our association for good. */
export class AssociationRejected extends PacsRefused {
  constructor(
    readonly rejection: Rejection,
    message: string,
  ) {
    super(message);
  }
}

/** Longest PDU that we take, in bytes. */
const PDU_LENGTH = 128 * 1024;
const FIRST_PAUSE_MS = 250;

/**
 * Opens an association with `peer`.
 * A peer that is busy (a transient rejection, PS3.8 9.3.4) or unreachable is asked again, each time after twice the
 * pause. A peer that refuses for good is not.
 * @throws PacsUnreachable, AssociationRejected, PacsRefused, PacsBadAnswer.
 */
export async function requestAssociation(
  peer: Peer,
  contexts: readonly ProposedContext[],
  roles: readonly RoleSelection[] = [],
  signal?: AbortSignal,
): Promise<Association> {
  for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt++, pause *= 2) {
    try {
      return await associate(peer, contexts, roles, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PacsUnreachable) || attempt >= (peer.attempts ?? 4)) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
}

async function associate(
  peer: Peer,
  contexts: readonly ProposedContext[],
  roles: readonly RoleSelection[],
  signal?: AbortSignal,
): Promise<Association> {
  const socket = await openSocket(peer, signal);
  const stop = () => socket.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  socket.once('close', () => signal?.removeEventListener('abort', stop));
  const connection = new Connection(socket, { maxPduLength: PDU_LENGTH, idleMs: timeout(peer) });
  const { calledAeTitle, callingAeTitle } = peer;
  const request = { calledAeTitle, callingAeTitle, contexts, maxPduLength: PDU_LENGTH, roles };
  try {
    await connection.write(writePdu({ type: 'ASSOCIATE_RQ', ...request }));
    const answer = await connection.read();
    if (answer?.type !== 'ASSOCIATE_AC') throw refusalError(answer, peer);
    return new Association(connection, agreedContexts(contexts, answer.contexts), answer.maxPduLength);
  } catch (error) {
    connection.destroy();
    throw asPacsError(error, peer);
  }
}

/** The error for a peer that did not accept the association: the reason and its cure. */
function refusalError(answer: Pdu | null, peer: Peer): Error {
  const at = describePeer(peer);
  if (answer === null)
    return new PacsUnreachable(
      `${at} closed the connection without an answer. Check that it speaks DICOM${peer.tls ? ' over TLS' : ' without TLS'} on this port, and that it allows this address.`,
    );
  if (answer.type === 'ABORT')
    return new PacsRefused(
      `${at} aborted the association. Check that it knows AE title ${peer.callingAeTitle} at this address; look at its log.`,
    );
  if (answer.type !== 'ASSOCIATE_RJ')
    return new PacsBadAnswer(`${at} answered an association with something else. Check the port.`);
  const { result, source, reason } = answer;
  if (result === 2 || (source === 3 && (reason === 1 || reason === 2)))
    return new PacsUnreachable(`${at} is busy: it refuses associations for now. Try again later, or raise its limit.`);
  if (source === 1 && reason === 7)
    return new AssociationRejected(
      'CALLED_AE_TITLE',
      `${at} does not answer to AE title ${peer.calledAeTitle}. Set the archive's own AE title.`,
    );
  if (source === 1 && reason === 3)
    return new AssociationRejected(
      'CALLING_AE_TITLE',
      `${at} does not know our AE title ${peer.callingAeTitle}. Enter it there, with this machine's address and DICOM_PORT.`,
    );
  return new AssociationRejected(
    'OTHER',
    `${at} refuses associations (result ${result}, source ${source}, reason ${reason}; PS3.8 9.3.4). Look at its log.`,
  );
}

function openSocket(peer: Peer, signal?: AbortSignal): Promise<Socket> {
  const { host, port, tls } = peer;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const name = isIP(host) ? {} : { servername: host }; // RFC 6066 3: the server name is never an address
    const socket = tls ? connectTls({ ...name, ...tls, host, port }) : connectTcp({ host, port });
    const fail = (error: Error) => {
      socket.destroy();
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      reject(asPacsError(error, peer));
    };
    const stop = () => fail(signal?.reason as Error);
    const timer = setTimeout(() => fail(new ConnectionLost(`silent for ${timeout(peer)} ms`)), timeout(peer));
    signal?.addEventListener('abort', stop, { once: true });
    socket.once('error', fail);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** Turns an error of the connection into one of ours. Any other error is returned as it is. */
export function asPacsError(error: unknown, peer: Peer): unknown {
  const at = describePeer(peer);
  if (error instanceof InvalidPdu)
    return new PacsBadAnswer(`${at} sent ${error.message}, which is not DICOM. Check host and port.`, { cause: error });
  if (error instanceof ConnectionLost)
    return new PacsUnreachable(
      `${at} ended the connection (${error.message}). Try again; if it happens again, look at its log.`,
      { cause: error },
    );
  const { code } = error as NodeJS.ErrnoException;
  if (
    typeof code === 'string' &&
    error instanceof Error &&
    /^(E[A-Z]+|ERR_(TLS|SSL)_\w+|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_\w+)$/.test(code)
  ) {
    return new PacsUnreachable(
      `${at} cannot be reached (${code}). Check host, port${peer.tls ? ', certificates' : ''}, the network and that it runs.`,
      { cause: error },
    );
  }
  return error;
}

/** The peer, as the subject of an error message. */
export function describePeer({ calledAeTitle, host, port }: Peer): string {
  return `The archive ${calledAeTitle} at ${host}:${port}`;
}

function timeout({ timeoutMs = 30_000 }: Peer): number {
  return timeoutMs;
}
