import type { Socket } from 'node:net';
import { PacsBadAnswer } from '../../errors/errors.js';
import { limitBytes } from '../../peers/limitBytes.js';
import type { Places } from '../../peers/places.js';
import { asPart10 } from './asPart10.js';
import { Association, abort, type DimseMessage } from './association.js';
import { COMMANDS, type Command, RESPONSE } from './command.js';
import { type Connection, ConnectionLost } from './connection.js';
import { type AssociationRefusal, mayAssociate, NO_ROOM } from './mayAssociate.js';
import { answerContexts } from './negotiate.js';
import { InvalidPdu, writePdu } from './pdu.js';
import { FIRST_PDU_MS, type ProviderEvent, type ProviderLimits, type ProviderOptions } from './providerOptions.js';
import { failureStatus, STATUS } from './status.js';

/**
 * `number`: of the connection, from 1, by which `onClose` names it. `places`: those for open associations. `associated`: must
 * be called when the peer has said who it is.
 */
export type Admission = { number: number; places: Places; associated(): void };

/** Serves a connection from its first byte to its last. Never throws, unless `options` do. */
export async function serveAssociation(
  connection: Connection,
  socket: Socket,
  options: ProviderOptions,
  limits: ProviderLimits,
  { number, places, associated }: Admission,
): Promise<void> {
  const event: ProviderEvent = { kind: 'broken', peer: socket.remoteAddress ?? '', reason: '' };
  let releasePlace: (() => void) | undefined;
  try {
    const request = await connection.read(true, Math.min(FIRST_PDU_MS, limits.idleMs));
    if (request === null) return; // a port scan, or a load balancer's probe
    if (request.type !== 'ASSOCIATE_RQ') throw new InvalidPdu(`${request.type} without an association`);
    event.callingAeTitle = printable(request.callingAeTitle);
    const { answers, contexts, refused } = answerContexts(request.contexts);
    let refusal = mayAssociate(request, socket.remoteAddress, options, request.contexts.length);
    if (!refusal) {
      associated();
      const who = `${event.callingAeTitle} ${event.peer}`;
      releasePlace = await places.take(who, { left: () => connection.patienceLeft(), end: () => abort(connection) });
      if (!releasePlace) refusal = NO_ROOM;
    }
    if (refusal) {
      options.onEvent?.({ ...event, kind: 'refused', reason: refusal.why });
      return await reject(connection, refusal);
    }
    if (refused.length > 0)
      options.onRefusedContexts?.(number, { peer: event.peer, callingAeTitle: event.callingAeTitle }, refused);
    const { calledAeTitle, callingAeTitle } = request;
    const accept = { calledAeTitle, callingAeTitle, contexts: answers, maxPduLength: limits.pduLength, roles: [] };
    await connection.write(writePdu({ type: 'ASSOCIATE_AC', ...accept }));
    const association = new Association(connection, contexts, request.maxPduLength);
    for (let message = await association.receive(); message; message = await association.receive()) {
      await answerMessage(association, message, { event, number, options, limits });
    }
  } catch (error) {
    if (error instanceof InvalidPdu) abort(connection);
    else connection.destroy();
    const expected = error instanceof InvalidPdu || error instanceof ConnectionLost;
    options.onEvent?.({ ...event, kind: expected ? 'broken' : 'failed', reason: (error as Error).message, error });
  } finally {
    releasePlace?.();
    options.onClose?.(number);
  }
}

async function reject(connection: Connection, { result, source, reason }: AssociationRefusal): Promise<void> {
  await connection.write(writePdu({ type: 'ASSOCIATE_RJ', result, source, reason }));
  connection.end();
}

type Serving = { event: ProviderEvent; number: number; options: ProviderOptions; limits: ProviderLimits };

async function answerMessage(association: Association, message: DimseMessage, serving: Serving): Promise<void> {
  const { command, context } = message;
  const { event, options } = serving;
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
  if (command.commandField === COMMANDS.C_CANCEL_RQ) return; // the operation that it cancels is done already
  if (command.commandField !== COMMANDS.C_STORE_RQ) return respond(STATUS.UNRECOGNIZED_OPERATION);
  if (!message.data || !isStore(command)) return respond(STATUS.MISSING_ATTRIBUTE);
  const failure = await storeObject(message.data, command, context.transferSyntax, serving);
  if (failure) options.onEvent?.({ ...event, kind: 'failed', reason: failure.message, error: failure });
  await respond(failure ? failureStatus(failure) : STATUS.SUCCESS);
}

type StoreCommand = Command & { affectedSopClassUid: string; affectedSopInstanceUid: string };

function isStore(command: Command): command is StoreCommand {
  return command.affectedSopClassUid !== undefined && command.affectedSopInstanceUid !== undefined;
}

/**
 * Stores one object.
 * @returns the error of this object; undefined where it is stored.
 * @throws what ends the association.
 */
async function storeObject(
  data: AsyncGenerator<Buffer>,
  command: StoreCommand,
  transferSyntaxUid: string,
  { event, number: association, options, limits }: Serving,
): Promise<Error | undefined> {
  const { affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid } = command;
  const { callingAeTitle = '' } = event;
  const moveOriginatorAeTitle = command.moveOriginatorAeTitle ?? null;
  const limited = limitBytes(
    data,
    limits.objectBytes,
    (most) => new InvalidPdu(`an object of more than ${most} bytes`),
  );
  let associationError: unknown;
  /**
   * Passes the data on, and notes an error of the association itself, which is not the store's. If the store stops
   * reading, the rest of the data stays available.
   */
  async function* guarded() {
    try {
      for (let next = await limited.next(); !next.done; next = await limited.next()) yield next.value;
    } catch (error) {
      associationError = error;
      throw error;
    }
  }
  try {
    const bytes = asPart10(guarded(), {
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      sourceAeTitle: callingAeTitle,
    });
    await options.store({ callingAeTitle, sopClassUid, sopInstanceUid, bytes, association, moveOriginatorAeTitle });
    return undefined;
  } catch (error) {
    if (associationError) throw associationError;
    for await (const _ of limited); // reads the rest of the object, which precedes the next command
    return error instanceof Error ? error : new PacsBadAnswer('The object cannot be kept.');
  }
}

/** An AE title for logs. A peer may send any bytes. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 16);
}
