import type { DicomSettings } from '../config/dicomSettings.js';
import type { Suboperations } from '../pacs/dimse/client.js';
import { ConnectionLost } from '../pacs/dimse/connection.js';
import type { Peer } from '../pacs/dimse/requestAssociation.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';
import type { PortVisitor } from './listenForVisitor.js';

/** How a C-MOVE ended. `status` is undefined where its last response did not come. */
export type MoveEnd = Suboperations & { status: number | undefined };

const hexOf = (status: number) => status.toString(16).toUpperCase().padStart(4, '0');

/** Explains the statuses of PS3.4 C.4.2.1.5 that are about us rather than about the study; undefined for the others. */
export function explainStatus(status: number | undefined, { callingAeTitle }: Peer): CheckOutcome | undefined {
  if (status === 0xa801)
    return failed(
      'PACS_MOVE_DESTINATION',
      `The archive does not know the C-MOVE destination ${callingAeTitle} (status A801).`,
      `Enter ${callingAeTitle} in the archive as a destination, with this machine’s address and DICOM_PORT.`,
    );
  if (status !== 0x0124) return undefined;
  return failed(
    'PACS_MOVE_REFUSED',
    'The archive does not allow us C-MOVE (status 0124).',
    `Give ${callingAeTitle} the right to C-MOVE in the archive.`,
  );
}

/** Explains what our port saw of the archive while we listened. */
export function explainVisitor(
  { kind, callingAeTitle, from, reason }: PortVisitor,
  { tls }: DicomSettings,
): CheckOutcome {
  if (kind === 'OBJECT') return ok(`the archive reaches us, as ${callingAeTitle} from ${from}; nothing was kept.`);
  if (kind === 'REFUSED')
    return failed(
      'DICOM_PEER_NOT_ALLOWED',
      `The archive reaches us as ${callingAeTitle} from ${from}, and we refuse it: ${reason}.`,
      `Add ${callingAeTitle}@${from} to DICOM_ALLOWED_PEERS.`,
    );
  return failed(
    'DICOM_PEER_BROKE_OFF',
    `Something reaches us from ${from} and breaks off: ${reason}.`,
    tls
      ? 'Turn on TLS for us in the archive, with a certificate of DICOM_TLS_CA, or unset DICOM_TLS_CERTIFICATE.'
      : 'Turn off TLS for us in the archive, or set DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY.',
  );
}

/**
 * Explains a C-MOVE that ended without a visitor at our port.
 * @param server whether a running server holds the port, which then would have seen the visitor instead of us.
 */
export function nothingArrived(done: MoveEnd, dicom: DicomSettings, server: boolean): CheckOutcome {
  const { aeTitle, host, port } = dicom;
  const status = done.status === undefined ? 'it still waits' : `status ${hexOf(done.status)}`;
  const refused = server ? ' The log of the running server tells whether it refused.' : '';
  const cure = `Correct the address and port of ${aeTitle} in the archive: this machine, DICOM_PORT ${port} (DICOM_HOST is ${host}); open the firewall for the way back.${refused}`;
  if (done.failed > 0 || done.status === 0xa702)
    return failed(
      'PACS_MOVE_BACK_CONNECTION',
      `The archive tried to send to ${aeTitle}, and nothing arrived here (${status}).`,
      cure,
    );
  return failed(
    'PACS_MOVE_FAILED',
    `The archive sent nothing and does not say why (${status}): it does not know ${aeTitle} as a destination, or has a wrong address for it.`,
    `Enter ${aeTitle} in the archive as a destination. ${cure}`,
  );
}

/**
 * Explains a C-MOVE without a response in time: most likely the archive still tries to reach us. @throws other errors.
 */
export function explainSilence(error: Error, dicom: DicomSettings, server: boolean): CheckOutcome {
  const { cause } = error;
  if (!(cause instanceof ConnectionLost) || !cause.message.startsWith('silent')) throw error;
  return nothingArrived({ status: undefined, remaining: null, completed: 0, failed: 1 }, dicom, server);
}
