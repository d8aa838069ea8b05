import type { Config } from '../config/config.js';
import type { DicomSettings } from '../config/dicomSettings.js';
import { DimseClient } from '../pacs/dimse/client.js';
import { isThisMachine } from '../pacs/dimse/mayAssociate.js';
import { AssociationRejected } from '../pacs/dimse/requestAssociation.js';
import { examineCertificate } from './certificate.js';
import { type CheckOutcome, failed, ok, skipped } from './checkResult.js';
import { isMrimaster, mayServeThis, tryToListen } from './httpPort.js';
import { settingsOf } from './setting.js';

const TIMEOUT_MS = 3_000;
const OFF = skipped('DICOM_PORT is off.');
/** Every address of this machine, in IPv4 and IPv6. */
const ALL = ['0.0.0.0', '::'];

/** Examines whether our DICOM port is free, or held by the running server, which then answers a C-ECHO. */
export async function examineDicomPort(config: Config): Promise<CheckOutcome> {
  const { dicom } = config;
  const { host, port, aeTitle } = dicom;
  if (port === null) return OFF;
  const code = await tryToListen(host, port);
  if (!code)
    return ok(port === 0 ? 'DICOM_PORT=0: any free port is taken.' : `${host}:${port} is free for ${aeTitle}.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return failed(
      'DICOM_HOST_NOT_OURS',
      `DICOM_HOST ${host} is no address of this machine.`,
      'Set DICOM_HOST to an address of this machine, or to 0.0.0.0 for all of them.',
    );
  if (code === 'EACCES')
    return failed(
      'DICOM_PORT_FORBIDDEN',
      `This account may not listen on port ${port}.`,
      'Set DICOM_PORT to 1024 or more, and tell the archives.',
    );
  const held = code === 'EADDRINUSE' && (await echo(dicom, port));
  // The server may refuse us: for our address, or because we have no certificate of the authority that it wants.
  const isOurs = held === 'ANSWERS' || held === 'KNOWS_US' || (held && (await isMrimaster(config.host, config.port)));
  if (isOurs && !(await mayServeThis(config)))
    return failed(
      'DICOM_PORT_TAKEN',
      `${host}:${port} is taken by another MRIMaster, one that does not use ${config.dataDir}.`,
      'Stop that one, or set DICOM_PORT to another number and tell the archives.',
    );
  if (held === 'ANSWERS') return ok(`${host}:${port} is held by a running MRIMaster: ${aeTitle} answers C-ECHO.`);
  if (isOurs) return ok(`${host}:${port} is held, it seems by the running MRIMaster, which lets only others send.`);
  return failed(
    'DICOM_PORT_TAKEN',
    `${host}:${port} is taken by another program (${code}).`,
    `Stop that program (ss -ltnp 'sport = :${port}' names it), or set DICOM_PORT to another number and tell the archives.`,
  );
}

/** Calls whoever holds the port, with an AE title that our server would accept. */
async function echo(dicom: DicomSettings, port: number): Promise<'ANSWERS' | 'KNOWS_US' | 'ANOTHER'> {
  const { host, aeTitle, allowed, tls } = dicom;
  const callingAeTitle = (allowed?.find(({ address }) => address === null) ?? allowed?.[0])?.aeTitle ?? aeTitle;
  const client = new DimseClient({
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port,
    calledAeTitle: aeTitle,
    callingAeTitle,
    tls: tls && { cert: tls.cert, key: tls.key, rejectUnauthorized: false }, // our own server, which is told nothing
    timeoutMs: TIMEOUT_MS,
    attempts: 1,
  });
  try {
    await client.echo();
    return 'ANSWERS';
  } catch (error) {
    // A server checks the called AE title first: one that refuses only the calling one is ours.
    const knows = error instanceof AssociationRejected && error.rejection === 'CALLING_AE_TITLE';
    return knows ? 'KNOWS_US' : 'ANOTHER';
  }
}

/** Examines whether archives can send to us: which addresses we listen on, and who may send. */
export async function examineCallers({ dicom, archives }: Config): Promise<CheckOutcome> {
  const { host, port, aeTitle, allowed } = dicom;
  const movers = archives.flatMap((archive) =>
    archive.kind === 'DIMSE' && archive.retrieve === 'MOVE' ? [archive] : [],
  );
  const names = movers.map(({ name }) => name).join(', ');
  if (port === null && movers.length > 0)
    return failed(
      'DICOM_PORT_OFF',
      `DICOM_PORT is off, but ${names} can only send studies to it (C-MOVE).`,
      `Set DICOM_PORT to a number, or ${movers.map(({ name }) => settingsOf(name)('retrieve')).join(', ')} to get where the archive offers C-GET.`,
    );
  if (port === null) return OFF;
  const loopback = isThisMachine(host);
  const remote = movers.filter((archive) => !isThisMachine(archive.host));
  if (loopback && remote.length > 0)
    return failed(
      'DICOM_HOST_LOOPBACK',
      `DICOM_HOST ${host} is reached from this machine only: ${names} cannot send to us (C-MOVE).`,
      'Set DICOM_HOST to the address of this machine that the archive can reach, or to 0.0.0.0, and list the archive in DICOM_ALLOWED_PEERS.',
    );
  if (!loopback && allowed === null)
    return failed(
      'DICOM_NOBODY_ALLOWED',
      `DICOM listens at ${ALL.includes(host) ? 'every address' : host}, but lets no other machine send.`,
      'List the AE titles of those who may in DICOM_ALLOWED_PEERS, as PACS1@10.0.0.5, or set DICOM_HOST=127.0.0.1.',
    );
  const who = allowed
    ? allowed.map((peer) => peer.aeTitle + (peer.address ? `@${peer.address}` : '')).join(', ')
    : undefined;
  return ok(`To ${aeTitle} may send: ${who ?? 'programs on this machine'}.`);
}

/** Examines the certificate of our DICOM port. */
export async function examineDicomCertificate({ port, tls }: DicomSettings, now: Date): Promise<CheckOutcome> {
  if (port === null) return OFF;
  if (!tls) return skipped('DICOM_TLS_CERTIFICATE is not set: no TLS.');
  const named = { certificate: 'DICOM_TLS_CERTIFICATE', key: 'DICOM_TLS_KEY', code: 'DICOM_TLS' };
  return examineCertificate(tls.cert, tls.key, named, now);
}
