import type { DataSet } from 'dicom-parser';
import { PacsBadAnswer, StudyNotFound } from '../../errors/errors.js';
import { isUid, requireUid } from '../header/uid.js';
import { type InstanceFound, type SeriesFound, type StudyFound, studyKey } from '../query/searchResults.js';
import type { StudyQuery } from '../query/studyQuery.js';
import { asPart10 } from './asPart10.js';
import type { Association, DimseMessage } from './association.js';
import { COMMANDS, type Command, RESPONSE } from './command.js';
import { receiveResponse, requireContext, statusError, withAssociation } from './exchange.js';
import {
  type Identifier,
  instanceIdentifier,
  readIdentifier,
  readInstanceAnswer,
  readSeriesAnswer,
  readStudyAnswer,
  retrieveIdentifier,
  seriesIdentifier,
  studyIdentifier,
  writeIdentifier,
} from './identifier.js';
import { DECODABLE, UNCOMPRESSED, VERIFICATION } from './negotiate.js';
import { asPacsError, describePeer, type Peer, requestAssociation } from './requestAssociation.js';
import { STATUS, statusClass } from './status.js';
import { STORAGE_CLASSES } from './storageClasses.js';

// Study Root Query/Retrieve SOP classes (PS3.4 C.6.2)
export const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
export const MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
export const GET = '1.2.840.10008.5.1.4.1.2.2.3';

export const MEDIUM = 0; // Priority of requests (PS3.7 E.1)

/** Progress of a C-MOVE or C-GET, in instances. `remaining`: null where the archive does not say. */
export type Suboperations = { remaining: number | null; completed: number; failed: number };

/**
 * A client of an archive that speaks DIMSE (PS3.4 A and C). Each method opens an association of its own, and tries
 * again where the archive is busy.
 * Every method can fail with PacsUnreachable (try again later), PacsRefused or PacsBadAnswer.
 */
export class DimseClient {
  readonly #peer: Peer;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Verifies that the archive answers (C-ECHO). */
  echo(): Promise<void> {
    return withAssociation(this.#peer, VERIFICATION, UNCOMPRESSED, async (association, context) => {
      const command = { affectedSopClassUid: VERIFICATION, commandField: COMMANDS.C_ECHO_RQ };
      await association.send(context, { ...command, messageId: association.nextMessageId() });
      const { status } = await receiveResponse(association, COMMANDS.C_ECHO_RQ, this.#peer);
      if (status !== STATUS.SUCCESS) throw statusError('C-ECHO', status, this.#peer);
    });
  }

  /** Searches for studies (C-FIND). An archive may match more loosely than the query says (PS3.4 C.2.2.2). */
  async searchForStudies(query: StudyQuery = {}): Promise<StudyFound[]> {
    const { limit = Number.POSITIVE_INFINITY, offset = 0, ...matching } = query;
    const uid = (study: StudyFound) => study.studyInstanceUid;
    const found = await this.#find(studyIdentifier(matching), readStudyAnswer, uid, limit + offset, studyKey);
    return found.slice(offset);
  }

  /** Searches for the series of a study (C-FIND); empty where the archive does not have it. */
  searchForSeries(studyInstanceUid: string): Promise<SeriesFound[]> {
    const uid = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const read = (dataSet: DataSet) => readSeriesAnswer(dataSet, uid);
    return this.#find(seriesIdentifier(uid), read, (series) => series.seriesInstanceUid);
  }

  /** Searches for the instances of a series (C-FIND); empty where the archive does not have it. */
  searchForInstances(studyInstanceUid: string, seriesInstanceUid: string): Promise<InstanceFound[]> {
    const study = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const series = requireUid(seriesInstanceUid, 'SeriesInstanceUID');
    const read = (dataSet: DataSet) => readInstanceAnswer(dataSet, study, series);
    return this.#find(instanceIdentifier(study, series), read, (instance) => instance.sopInstanceUid);
  }

  /**
   * Has the archive send a study to the AE title `destination`, over associations of its own (C-MOVE).
   * @param onProgress is called at each pending response.
   * @throws StudyNotFound where the archive has nothing to send.
   */
  moveStudy(
    studyInstanceUid: string,
    destination: string,
    onProgress: (done: Suboperations) => unknown = () => {},
    signal?: AbortSignal,
  ): Promise<Suboperations> {
    const uid = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const move = async (association: Association, context: DimseMessage['context']) => {
      const command = { affectedSopClassUid: MOVE, commandField: COMMANDS.C_MOVE_RQ, moveDestination: destination };
      const identifier = writeIdentifier(retrieveIdentifier(uid), context.transferSyntax);
      await association.send(context, { ...command, messageId: association.nextMessageId(), priority: MEDIUM }, [
        identifier,
      ]);
      for (;;) {
        const { command: response, status } = await receiveResponse(association, COMMANDS.C_MOVE_RQ, this.#peer);
        const done = suboperations(response);
        if (statusClass(status) !== 'pending') return this.#conclude('C-MOVE', status, done, uid);
        await onProgress(done);
      }
    };
    return withAssociation(this.#peer, MOVE, UNCOMPRESSED, move, signal);
  }

  /**
   * Retrieves the objects of a study over one association (C-GET), each as the bytes of a Part 10 file while they
   * arrive. Read one object to its end before asking for the next, which acknowledges it to the archive.
   * @throws StudyNotFound, and the errors of every method, also midway.
   */
  async *retrieveStudy(studyInstanceUid: string, signal?: AbortSignal): AsyncGenerator<AsyncIterable<Uint8Array>> {
    const uid = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const association = await requestAssociation(this.#peer, GET_CONTEXTS, GET_ROLES, signal);
    try {
      const context = requireContext(association, GET, this.#peer);
      const command = { affectedSopClassUid: GET, commandField: COMMANDS.C_GET_RQ, priority: MEDIUM };
      const identifier = writeIdentifier(retrieveIdentifier(uid), context.transferSyntax);
      await association.send(context, { ...command, messageId: association.nextMessageId() }, [identifier]);
      for (;;) {
        const message = await association.receive();
        if (message?.command.commandField === COMMANDS.C_STORE_RQ) yield* this.#takeObject(association, message);
        else if (this.#isLast(message, uid)) break;
      }
      await association.release();
    } catch (error) {
      signal?.throwIfAborted();
      throw asPacsError(error, this.#peer);
    } finally {
      association.abort(); // does nothing after a release
    }
  }

  async *#takeObject(association: Association, { command, context, data }: DimseMessage) {
    const { affectedSopClassUid = '', affectedSopInstanceUid = '', messageId = 0 } = command;
    if (!data || !isUid(affectedSopInstanceUid))
      throw new PacsBadAnswer(`${describePeer(this.#peer)} sent no object. Look at its log.`);
    const { calledAeTitle: sourceAeTitle } = this.#peer;
    const uids = { sopClassUid: affectedSopClassUid, sopInstanceUid: affectedSopInstanceUid };
    yield asPart10(data, { ...uids, transferSyntaxUid: context.transferSyntax, sourceAeTitle });
    const commandField = COMMANDS.C_STORE_RQ | RESPONSE;
    const response = {
      affectedSopClassUid,
      affectedSopInstanceUid,
      commandField,
      messageIdBeingRespondedTo: messageId,
    };
    await association.send(context, { ...response, status: STATUS.SUCCESS });
  }

  #isLast(message: DimseMessage | null, uid: string): boolean {
    const { command } = message ?? {};
    if (command?.commandField !== (COMMANDS.C_GET_RQ | RESPONSE) || command.status === undefined) {
      throw new PacsBadAnswer(`${describePeer(this.#peer)} ended a C-GET before its last answer. Look at its log.`);
    }
    if (statusClass(command.status) === 'pending') return false;
    this.#conclude('C-GET', command.status, suboperations(command), uid);
    return true;
  }

  /**
   * Evaluates the final response to a retrieval. Some archives answer success, or A701, for studies that they do not
   * have.
   */
  #conclude(service: string, status: number, done: Suboperations, uid: string): Suboperations {
    const nothing = done.completed === 0 && done.failed === 0;
    const ended = ['success', 'warning'].includes(statusClass(status));
    if (nothing && (ended || status === 0xa701))
      throw new StudyNotFound(`${describePeer(this.#peer)} has no study ${uid}.`);
    if (!ended && done.completed === 0) throw statusError(service, status, this.#peer);
    return done; // possibly in part: the caller counts what is missing
  }

  #find<T>(
    identifier: Identifier,
    read: (dataSet: DataSet) => T,
    uid: (found: T) => string,
    limit = Number.POSITIVE_INFINITY,
    key = uid,
  ): Promise<T[]> {
    return withAssociation(this.#peer, FIND, UNCOMPRESSED, async (association, context) => {
      const messageId = association.nextMessageId();
      const command = { affectedSopClassUid: FIND, commandField: COMMANDS.C_FIND_RQ, messageId, priority: MEDIUM };
      await association.send(context, command, [writeIdentifier(identifier, context.transferSyntax)]);
      const found = new Map<string, T>();
      for (let cancelled = false; ; ) {
        const { status, data } = await receiveResponse(association, COMMANDS.C_FIND_RQ, this.#peer);
        const kind = statusClass(status);
        if (kind === 'success' || (kind === 'cancel' && cancelled)) return [...found.values()];
        if (kind !== 'pending') throw statusError('C-FIND', status, this.#peer);
        if (!data || cancelled) continue;
        const answer = read(readIdentifier(data, context.transferSyntax));
        if (!isUid(uid(answer)))
          throw new PacsBadAnswer(`${describePeer(this.#peer)} found something without a valid UID. Look at its log.`);
        found.set(key(answer), answer);
        if (found.size < limit) continue;
        cancelled = true;
        // PS3.7 9.3.2.3. The archive may have sent more matches by now.
        await association.send(context, { commandField: COMMANDS.C_CANCEL_RQ, messageIdBeingRespondedTo: messageId });
      }
    });
  }
}

const GET_CONTEXTS = [GET, ...STORAGE_CLASSES].map((abstractSyntax, index) => ({
  id: 2 * index + 1,
  abstractSyntax,
  transferSyntaxes: abstractSyntax === GET ? UNCOMPRESSED : DECODABLE,
}));
/** In a C-GET the requester is the storage SCP (PS3.4 C.4.3.3.1). */
const GET_ROLES = STORAGE_CLASSES.map((sopClassUid) => ({ sopClassUid, scu: false, scp: true }));

/** The numbers of suboperations in a response to C-MOVE or C-GET. Those with a warning count as completed. */
export function suboperations(command: Command): Suboperations {
  const {
    remainingSuboperations,
    completedSuboperations = 0,
    failedSuboperations = 0,
    warningSuboperations = 0,
  } = command;
  const remaining = remainingSuboperations ?? null;
  return { remaining, completed: completedSuboperations + warningSuboperations, failed: failedSuboperations };
}
