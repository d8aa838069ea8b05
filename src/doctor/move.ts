import type { DicomSettings } from '../config/dicomSettings.js';
import { DimseClient, MEDIUM, MOVE, suboperations } from '../pacs/dimse/client.js';
import { COMMANDS } from '../pacs/dimse/command.js';
import { receiveResponse, withAssociation } from '../pacs/dimse/exchange.js';
import { type Identifier, retrieveIdentifier, writeIdentifier } from '../pacs/dimse/identifier.js';
import { UNCOMPRESSED } from '../pacs/dimse/negotiate.js';
import type { Peer } from '../pacs/dimse/requestAssociation.js';
import { statusClass } from '../pacs/dimse/status.js';
import type { Service } from './association.js';
import { type CheckOutcome, failed, ok, skipped } from './checkResult.js';
import { explainService, unknownUid } from './dimse.js';
import { listenForVisitor } from './listenForVisitor.js';
import { explainSilence, explainStatus, explainVisitor, type MoveEnd, nothingArrived } from './moveFaults.js';

const MOST = 20;
/** An archive that cannot reach us stays silent until its own timeout, about this long. */
export const MOVE_PATIENCE_MS = 12_000;

/**
 * Examines C-MOVE (PS3.4 C.4.2) as gently as it can. Without `reallyMove` it asks for a study that does not exist, so
 * that nothing is sent; archives that check the destination first say whether they know us. With `reallyMove` it asks
 * for the smallest series of a found study and cancels at the first object, which our port refuses. A running server
 * that holds the port receives the series instead.
 * @param retrieve how people name the setting that chooses C-MOVE or C-GET.
 */
export async function examineMove(
  peer: Peer,
  dicom: DicomSettings,
  offered: readonly Service[],
  reallyMove: boolean,
  retrieve: string,
): Promise<CheckOutcome> {
  if (!offered.includes('C-MOVE'))
    return failed(
      'PACS_MOVE_NOT_OFFERED',
      'The archive does not offer C-MOVE to us.',
      `Set ${retrieve} to get, or have C-MOVE allowed to ${peer.callingAeTitle} in the archive.`,
    );
  try {
    if (reallyMove) return await moveForReal(peer, dicom);
    const { status } = await move(peer, retrieveIdentifier(unknownUid()));
    return explainStatus(status, peer) ?? ok('allowed. Whether the archive reaches us, doctor --move finds out.');
  } catch (error) {
    return explainService(error, 'C-MOVE', peer);
  }
}

async function moveForReal(peer: Peer, dicom: DicomSettings): Promise<CheckOutcome> {
  if (!dicom.port) return skipped('DICOM_PORT is 0 or off: the archive cannot know where to send to.');
  const series = await findSmallSeries(peer);
  if (!series) return skipped('The archive has no study to move.');
  const port = await listenForVisitor(dicom);
  try {
    const patient = { ...peer, timeoutMs: MOVE_PATIENCE_MS };
    const done = await move(patient, series, port?.visited).catch((error: Error) => error);
    const visitor = port?.visitor();
    if (visitor) return explainVisitor(visitor, dicom); // however the C-MOVE then ended
    if (done instanceof Error) return explainSilence(done, dicom, port === undefined);
    if (done.completed > 0) return ok(`the archive sent ${done.completed} objects to the server that holds the port.`);
    return explainStatus(done.status, peer) ?? nothingArrived(done, dicom, port === undefined);
  } finally {
    await port?.close();
  }
}

/** The smallest series of the smallest of the first 20 studies; undefined where there is none. */
async function findSmallSeries(peer: Peer): Promise<Identifier | undefined> {
  const client = new DimseClient(peer);
  const size = ({ numberOfInstances }: { numberOfInstances: number | null }) => numberOfInstances ?? 1e9;
  const studies = await client.searchForStudies({ modalitiesInStudy: 'MR', limit: MOST });
  const study = studies.sort((a, b) => size(a) - size(b))[0];
  if (!study) return undefined;
  const series = (await client.searchForSeries(study.studyInstanceUid)).sort((a, b) => size(a) - size(b))[0];
  if (!series) return undefined;
  const { studyInstanceUid, seriesInstanceUid } = series;
  return { '00080052': ['CS', 'SERIES'], '0020000D': ['UI', studyInstanceUid], '0020000E': ['UI', seriesInstanceUid] };
}

/** Sends one C-MOVE to ourselves, and cancels it (PS3.7 9.3.2.3) when `visited` resolves. */
function move(peer: Peer, what: Identifier, visited: Promise<void> = new Promise(() => {})): Promise<MoveEnd> {
  return withAssociation(peer, MOVE, UNCOMPRESSED, async (association, context) => {
    const messageId = association.nextMessageId();
    const command = {
      affectedSopClassUid: MOVE,
      commandField: COMMANDS.C_MOVE_RQ,
      moveDestination: peer.callingAeTitle,
    };
    const identifier = writeIdentifier(what, context.transferSyntax);
    await association.send(context, { ...command, messageId, priority: MEDIUM }, [identifier]);
    const cancel = { commandField: COMMANDS.C_CANCEL_RQ, messageIdBeingRespondedTo: messageId };
    let over = false;
    visited.then(() => (over ? undefined : association.send(context, cancel))).catch(() => {});
    for (;;) {
      const { command: response, status } = await receiveResponse(association, COMMANDS.C_MOVE_RQ, peer);
      if (statusClass(status) === 'pending') continue;
      over = true;
      return { ...suboperations(response), status };
    }
  });
}
