import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { ArchiveSettings } from '../pacs/archive.js';
import { examineCertificate, examineValidity } from './certificate.js';
import { type CheckOutcome, failed, ok } from './checkResult.js';
import { type Address, openSocket, PeerSilent } from './network.js';
import type { Setting } from './setting.js';
import { whatSpeaks } from './whatSpeaks.js';

const SECURE = { http: 'https', dicom: 'dicoms' } as const;
/**
 * A TLS 1.3 server says only after the handshake that it wants a certificate (RFC 8446 4.4.2.4). We wait that long for
 * it.
 */
const LATE_ALERT_MS = 500;

/**
 * Makes the TLS handshake with an archive: whether we accept its certificate, and it accepts ours.
 * @param scheme that of the archive's address without TLS.
 */
export async function examineTls(
  address: Address,
  { certificates = {} }: ArchiveSettings,
  scheme: keyof typeof SECURE,
  setting: Setting,
  now: Date,
): Promise<CheckOutcome> {
  const { cert, key } = certificates;
  const named = { certificate: setting('certificate'), key: setting('key'), code: 'PACS_CERTIFICATE' };
  const ours = cert && key ? examineCertificate(cert, key, named, now) : undefined;
  if (ours?.status === 'failed') return ours;
  try {
    const socket = await openSocket(address, { ...certificates, rejectUnauthorized: true });
    const refused = new Promise<Error>((resolve) => socket.once('error', resolve));
    socket.resume(); // an alert is noticed only while somebody reads
    const theirs = describe(socket, address, now);
    const late = await Promise.race([refused, sleep(LATE_ALERT_MS)]);
    socket.destroy();
    return late instanceof Error ? await explain(late, address, scheme, setting) : ours?.code ? ours : theirs;
  } catch (error) {
    return explain(error as Error, address, scheme, setting);
  }
}

function describe(socket: TLSSocket, { host }: Address, now: Date): CheckOutcome {
  const { valid_from, valid_to } = socket.getPeerCertificate();
  const named = { whose: `the archive at ${host}`, code: 'PACS_TLS' };
  const validity = examineValidity(valid_from, valid_to, named, now);
  return validity.code ? validity : ok(`${socket.getProtocol()}, the archive’s certificate is ${validity.message}.`);
}

async function explain(
  error: NodeJS.ErrnoException,
  address: Address,
  scheme: keyof typeof SECURE,
  setting: Setting,
): Promise<CheckOutcome> {
  const known = tlsFault(error, address, setting);
  if (known) return known;
  const at = `${address.host}:${address.port}`;
  const spoken = await whatSpeaks(address);
  if (spoken === 'HTTP' || spoken === 'DICOM' || isNoTls(error))
    return failed(
      'PACS_TLS_PLAIN_PORT',
      `${at} speaks ${spoken ?? 'something'} without TLS, and we were told to use TLS.`,
      `Change ${SECURE[scheme]}:// to ${scheme}:// in ${setting('url')}, or the port to the archive’s TLS port.`,
    );
  if (error instanceof PeerSilent)
    return failed(
      'PACS_SILENT',
      `${at} accepts the connection and then says nothing.`,
      `Restart the archive or its TLS proxy; check that the port in ${setting('url')} is its TLS port.`,
    );
  return failed(
    'PACS_TLS_FAILED',
    `The TLS handshake with ${at} failed (${error.code ?? 'no code'}).`,
    `Check the port in ${setting('url')}; the archive must allow TLS 1.2 or 1.3. Its log says more.`,
  );
}

/** Whether OpenSSL complains that the peer's first bytes are no TLS. */
function isNoTls({ code = '', message }: NodeJS.ErrnoException): boolean {
  return /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code) || /wrong version number/.test(message);
}

/**
 * Explains an error that is about one of the certificates (Node.js, "X509 certificate error codes"); undefined for
 * other errors.
 */
export function tlsFault(error: NodeJS.ErrnoException, { host }: Address, setting: Setting): CheckOutcome | undefined {
  const { code = '' } = error;
  if (code === 'CERT_HAS_EXPIRED')
    return failed(
      'PACS_TLS_EXPIRED',
      `The certificate of the archive at ${host}, or of its authority, has expired.`,
      `Have the certificate of the archive renewed; check the clock of this machine, and ${setting('ca')}, too.`,
    );
  if (code === 'CERT_NOT_YET_VALID')
    return failed(
      'PACS_TLS_NOT_YET_VALID',
      `The certificate of the archive at ${host} is not valid yet.`,
      'Check the clock of this machine, then the certificate of the archive.',
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return failed(
      'PACS_TLS_WRONG_HOST',
      `The certificate of the archive is for another host than ${host}${namesIn(error)}.`,
      `Write the host in ${setting('url')} as the certificate names it, or have a certificate issued for ${host}.`,
    );
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_UNTRUSTED|INVALID_CA|CERT_SIGNATURE)/.test(code))
    return failed(
      'PACS_TLS_UNKNOWN_AUTHORITY',
      `The certificate of the archive at ${host} is from an authority that we do not trust (${code}).`,
      `Set ${setting('ca')} to the PEM file of the authority that issued it: the hospital’s own, or the archive’s certificate itself where it is self-signed.`,
    );
  if (/ALERT/.test(code) && /CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA|ACCESS_DENIED/.test(code))
    return failed(
      'PACS_TLS_CLIENT_CERTIFICATE',
      `The archive at ${host} asks for a certificate of ours, and does not accept what we have (${code}).`,
      `Set ${setting('certificate')} and ${setting('key')} to a certificate that the archive’s authority issued for us.`,
    );
  return undefined;
}

/** The host names of a certificate, as an addition to a sentence; empty where they are unknown or too many. */
function namesIn(error: NodeJS.ErrnoException & { cert?: { subjectaltname?: string } }): string {
  const names = error.cert?.subjectaltname?.replaceAll('DNS:', '').replaceAll('IP Address:', '');
  return names && names.length < 200 ? `: it names ${names}` : '';
}
