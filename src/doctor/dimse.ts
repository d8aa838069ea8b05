import { randomUUID } from 'node:crypto';
import { MrimasterError, PacsRefused, StudyNotFound } from '../errors/errors.js';
import { DimseClient } from '../pacs/dimse/client.js';
import { ConnectionLost } from '../pacs/dimse/connection.js';
import type { Peer } from '../pacs/dimse/requestAssociation.js';
import { type Service, unknownCaller } from './association.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';

const DAY_MS = 24 * 3600 * 1000;
const MOST = 20;

/** Examines C-ECHO (PS3.4 A). */
export async function examineEcho(peer: Peer): Promise<CheckOutcome> {
  try {
    await new DimseClient(peer).echo();
    return ok('answered.');
  } catch (error) {
    return explainService(error, 'C-ECHO', peer);
  }
}

/** Examines C-FIND (PS3.4 C.4.1) by the MR studies of the last week: archives may refuse to list all that they have. */
export async function examineFind(peer: Peer, now: Date): Promise<CheckOutcome> {
  const day = new Date(now.getTime() - 7 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
  try {
    const query = { modalitiesInStudy: 'MR', studyDate: `${day}-`, limit: MOST };
    const { length } = await new DimseClient(peer).searchForStudies(query);
    return ok(`${length < MOST ? length : `at least ${MOST}`} MR studies of the last 7 days.`);
  } catch (error) {
    return explainService(error, 'C-FIND', peer);
  }
}

/**
 * Examines C-GET (PS3.4 C.4.3) by a study that does not exist: where we may retrieve, the archive says that there is
 * none.
 * @param retrieve how people name the setting that chooses C-MOVE or C-GET.
 */
export async function examineGet(peer: Peer, offered: readonly Service[], retrieve: string): Promise<CheckOutcome> {
  if (!offered.includes('C-GET'))
    return failed(
      'PACS_GET_NOT_OFFERED',
      'The archive does not offer C-GET to us.',
      `Set ${retrieve} to move, or have C-GET allowed to ${peer.callingAeTitle} in the archive.`,
    );
  try {
    await new DimseClient(peer).retrieveStudy(unknownUid()).next();
    return ok('allowed.');
  } catch (error) {
    const fails = error instanceof MrimasterError && !(error.cause instanceof ConnectionLost);
    // Archives say in different ways that they do not have a study.
    if (error instanceof StudyNotFound || (fails && error.code === 'PACS_BAD_ANSWER')) return ok('allowed.');
    return explainService(error, 'C-GET', peer);
  }
}

/** A UID that no object has: derived from a new UUID (PS3.5 B.2). */
export function unknownUid(): string {
  return `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;
}

/** Explains why a service failed over an accepted association. @throws errors that are not ours. */
export function explainService(error: unknown, service: Service, peer: Peer): CheckOutcome {
  if (!(error instanceof MrimasterError)) throw error;
  const { cause } = error;
  if (cause instanceof ConnectionLost && cause.message.startsWith('aborted'))
    return unknownCaller(peer, `accepts the association and aborts at ${service}`);
  const name = `PACS_${service.slice(2)}`; // PACS_FIND
  if (error instanceof PacsRefused)
    return failed(
      `${name}_REFUSED`,
      `The archive does not allow us ${service}.`,
      `Give ${peer.callingAeTitle} the right to ${service} in the archive.`,
    );
  if (cause instanceof ConnectionLost && cause.message.startsWith('silent'))
    return failed(
      'PACS_SILENT',
      `The archive accepts the association and does not answer ${service}.`,
      'Look at the archive’s log and load; restart the archive if it hangs.',
    );
  return failed(`${name}_FAILED`, error.message, `Look at the archive’s log for what it says of ${service}.`);
}
