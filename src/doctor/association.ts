import { FIND, GET, MOVE } from '../pacs/dimse/client.js';
import { Connection } from '../pacs/dimse/connection.js';
import { agreedContexts, UNCOMPRESSED, VERIFICATION } from '../pacs/dimse/negotiate.js';
import { type Pdu, writePdu } from '../pacs/dimse/pdu.js';
import type { Peer } from '../pacs/dimse/requestAssociation.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';
import { openSocket, SILENCE_MS } from './network.js';
import type { Setting } from './setting.js';
import { whatSpeaks } from './whatSpeaks.js';

/** The services that we use of an archive, by their common names. */
const SERVICES = { 'C-ECHO': VERIFICATION, 'C-FIND': FIND, 'C-MOVE': MOVE, 'C-GET': GET };

/** A service of an archive that we use. */
export type Service = keyof typeof SERVICES;

const CONTEXTS = Object.values(SERVICES).map((abstractSyntax, index) => ({
  id: 2 * index + 1,
  abstractSyntax,
  transferSyntaxes: UNCOMPRESSED,
}));
const PDU_LENGTH = 16_384;

/**
 * Requests one association (PS3.8 7.1) with all services, and releases it. It reads the response itself: the client's
 * errors do not distinguish all the causes that people can act on.
 * @param onOffered receives the services that the archive offers.
 */
export async function examineAssociation(
  peer: Peer,
  setting: Setting,
  onOffered: (services: Service[]) => void,
): Promise<CheckOutcome> {
  const answer = await associate(peer).catch((error: Error) => error);
  if (answer === null || answer instanceof Error) return explainNoAnswer(peer, answer, setting);
  if (answer.type !== 'ASSOCIATE_AC') return explainRefusal(peer, answer, setting);
  const agreed = agreedContexts(CONTEXTS, answer.contexts).map(({ abstractSyntax }) => abstractSyntax);
  const offered = (Object.keys(SERVICES) as Service[]).filter((name) => agreed.includes(SERVICES[name]));
  onOffered(offered);
  return ok(`${peer.calledAeTitle} accepts ${peer.callingAeTitle}; it offers ${offered.join(', ') || 'nothing'}.`);
}

async function associate(peer: Peer): Promise<Pdu | null> {
  const connection = new Connection(await openSocket(peer, peer.tls), {
    maxPduLength: PDU_LENGTH,
    idleMs: SILENCE_MS,
  });
  try {
    const { calledAeTitle, callingAeTitle } = peer;
    const request = { calledAeTitle, callingAeTitle, contexts: CONTEXTS, maxPduLength: PDU_LENGTH, roles: [] };
    await connection.write(writePdu({ type: 'ASSOCIATE_RQ', ...request }));
    const answer = await connection.read();
    if (answer?.type === 'ASSOCIATE_AC') {
      await connection.write(writePdu({ type: 'RELEASE_RQ' }));
      await connection.read().catch(() => {}); // whether it was released or broke does not matter
    }
    return answer;
  } finally {
    connection.destroy();
  }
}

/** Explains who refuses an association, and why (PS3.8 9.3.4). */
function explainRefusal(peer: Peer, answer: Pdu, setting: Setting): CheckOutcome {
  const { calledAeTitle, callingAeTitle } = peer;
  if (answer.type === 'ABORT') return unknownCaller(peer, 'aborts the association');
  if (answer.type !== 'ASSOCIATE_RJ')
    return failed('PACS_NOT_DICOM', 'The answer is no association.', `Correct host and port in ${setting('url')}.`);
  const { result, source, reason } = answer;
  if (result === 2 || (source === 3 && (reason === 1 || reason === 2)))
    return failed(
      'PACS_BUSY',
      'The archive is busy: it refuses associations for now.',
      'Run doctor again in a minute; if it stays so, raise the archive’s limit of associations.',
    );
  if (source === 1 && reason === 7)
    return failed(
      'PACS_CALLED_AE_TITLE',
      `The archive does not answer to the AE title ${calledAeTitle}.`,
      `Write the archive’s own AE title in ${setting('url')}; some archives answer so, too, until ${callingAeTitle} is entered there.`,
    );
  if (source === 1 && reason === 3) return unknownCaller(peer, 'refuses the association');
  return failed(
    'PACS_ASSOCIATION_REJECTED',
    `The archive refuses associations (result ${result}, source ${source}, reason ${reason}; PS3.8 9.3.4).`,
    `Look at the archive’s log; check that ${callingAeTitle} is entered there.`,
  );
}

/**
 * The outcome where an archive does not know our AE title. Archives say so by a reason, by an abort, or by an abort
 * after they have accepted; `what` says which.
 */
export function unknownCaller({ callingAeTitle }: Peer, what: string): CheckOutcome {
  return failed(
    'PACS_CALLING_AE_TITLE',
    `The archive ${what}: it does not know our AE title ${callingAeTitle}, or not at this address.`,
    `Enter ${callingAeTitle} in the archive, with this machine’s address and DICOM_PORT, or set DICOM_AE_TITLE to the title that it knows.`,
  );
}

async function explainNoAnswer(peer: Peer, error: Error | null, setting: Setting): Promise<CheckOutcome> {
  const at = `${peer.host}:${peer.port}`;
  const spoken = await whatSpeaks(peer);
  if (spoken === 'TLS' && !peer.tls)
    return failed(
      'PACS_TLS_WANTED',
      `${at} speaks TLS, but ${setting('url')} says not to.`,
      `Change dicom:// to dicoms:// in ${setting('url')}.`,
    );
  if (spoken === 'HTTP')
    return failed(
      'PACS_NOT_DICOM',
      `${at} is a web server, not a DICOM port.`,
      `Set the port in ${setting('url')} to the archive’s DICOM port (often 104, 4242 or 11112), or write http://${at}/… to use DICOMweb.`,
    );
  if (error === null || !/^silent/.test(error.message))
    return failed(
      'PACS_CLOSED',
      `${at} closes the connection without an answer.`,
      `Have this machine’s address and ${peer.callingAeTitle} allowed in the archive; check that the port in ${setting('url')} is its DICOM port.`,
    );
  return failed(
    'PACS_SILENT',
    `${at} accepts the connection and then says nothing.`,
    `Restart the archive, or correct the port in ${setting('url')}; look at the archive’s log and load.`,
  );
}
