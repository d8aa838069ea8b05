import { PacsBadAnswer, PacsRefused, PacsUnreachable } from '../../errors/errors.js';
import { limitBytes } from '../../peers/limitBytes.js';
import type { Association, PresentationContext } from './association.js';
import { type Command, RESPONSE } from './command.js';
import { asPacsError, describePeer, type Peer, requestAssociation } from './requestAssociation.js';
import { isBusy, statusClass } from './status.js';

/** A response: its command, its status, and its whole data set. Data sets of responses to searches are small. */
export type Response = { command: Command; status: number; data: Buffer | null };

const MAX_ANSWER = 1024 * 1024;

/**
 * Opens an association with one presentation context for `abstractSyntax`, calls `exchange` with it, and releases it.
 * @throws PacsUnreachable, PacsRefused, PacsBadAnswer, or whatever `exchange` throws.
 */
export async function withAssociation<T>(
  peer: Peer,
  abstractSyntax: string,
  transferSyntaxes: readonly string[],
  exchange: (association: Association, context: PresentationContext) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const association = await requestAssociation(peer, [{ id: 1, abstractSyntax, transferSyntaxes }], [], signal);
  try {
    const answer = await exchange(association, requireContext(association, abstractSyntax, peer));
    await association.release();
    return answer;
  } catch (error) {
    association.abort();
    signal?.throwIfAborted();
    throw asPacsError(error, peer);
  }
}

/** The presentation context for a service. @throws PacsRefused where the archive does not offer it. */
export function requireContext(association: Association, abstractSyntax: string, peer: Peer): PresentationContext {
  const context = [...association.contexts.values()].find((candidate) => candidate.abstractSyntax === abstractSyntax);
  if (context) return context;
  throw new PacsRefused(
    `${describePeer(peer)} does not offer the service ${abstractSyntax} to us. Allow it there, or use another one.`,
  );
}

/**
 * Receives the response to a request with this Command Field.
 * @throws PacsBadAnswer where something else comes, or too much.
 */
export async function receiveResponse(association: Association, request: number, peer: Peer): Promise<Response> {
  const message = await association.receive();
  const { command, data } = message ?? { command: undefined, data: null };
  if (command?.commandField !== (request | RESPONSE) || command.status === undefined) {
    throw new PacsBadAnswer(`${describePeer(peer)} answered something else than it was asked. Look at its log.`);
  }
  const tooLarge = () =>
    new PacsBadAnswer(`${describePeer(peer)} sent an answer of more than ${MAX_ANSWER} bytes. Look at its log.`);
  const chunks: Buffer[] = [];
  if (data) for await (const chunk of limitBytes(data, MAX_ANSWER, tooLarge)) chunks.push(chunk);
  return { command, status: command.status, data: data && Buffer.concat(chunks) };
}

/** The error for a final status other than success (PS3.7 C). */
export function statusError(service: string, status: number, peer: Peer): Error {
  const code = status.toString(16).toUpperCase().padStart(4, '0');
  if (isBusy(status))
    return new PacsUnreachable(
      `${describePeer(peer)} is out of resources for ${service} (status ${code}). Try again later.`,
    );
  if (status === 0xa801)
    return new PacsRefused(
      `${describePeer(peer)} does not know the C-MOVE destination (status A801). Enter our AE title there, with this machine's address and DICOM_PORT.`,
    );
  if (status === 0x0124)
    return new PacsRefused(
      `${describePeer(peer)} does not allow us ${service} (status 0124). Give our AE title the right.`,
    );
  const kind = statusClass(status) === 'cancel' ? 'cancelled' : 'failed';
  return new PacsBadAnswer(`${describePeer(peer)}: ${service} ${kind} (status ${code}; PS3.7 C). Look at its log.`);
}
