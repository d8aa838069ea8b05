import { DicomwebClient } from '../pacs/dicomweb/client.js';
import { type CheckOutcome, failed } from './checkResult.js';
import { tlsFault } from './tls.js';
import type { WebArchive } from './webArchive.js';
import { whatSpeaks } from './whatSpeaks.js';

/** What an archive replies to a request: status, headers and the beginning of its text. */
export type HttpReply = Awaited<ReturnType<DicomwebClient['inquire']>>;

/** DICOMweb roots of common archives, tried where the configured one is none. */
const USUAL_ROOTS = ['dicom-web/', 'dicomweb/', 'orthanc/dicom-web/', 'rs/', 'dcm4chee-arc/aets/DCM4CHEE/rs/'];
const QUICK_MS = 1_000;

/** Explains a status that is no success; undefined for a success. */
export async function explainStatus(
  web: WebArchive,
  { status, headers, text }: HttpReply,
): Promise<CheckOutcome | undefined> {
  const { setting, client } = web;
  if (status === 200 || status === 204) return undefined;
  if (status === 401) return explainAccount(web);
  if (status === 403)
    return failed(
      'PACS_FORBIDDEN',
      'The archive does not let us search (HTTP 403).',
      `Give the user of ${setting('username')} the right to search (QIDO-RS); some archives allow addresses, too.`,
    );
  if (status >= 300 && status < 400) {
    const { location = '' } = headers;
    const origin = URL.canParse(location, client.address) ? new URL(location, client.address).origin : 'nowhere';
    return failed(
      'PACS_REDIRECT',
      `${client.address} redirects to ${origin} (HTTP ${status}), and redirects are not followed.`,
      `Set ${setting('url')} to the final address; where that is a login page, the archive wants a token.`,
    );
  }
  if (status >= 500 || status === 429)
    return failed(
      'PACS_SERVER_ERROR',
      `The archive, or a proxy in front of it, fails (HTTP ${status}).`,
      'Look at the archive’s log, and restart the archive if it says so.',
    );
  // In nginx's words
  if (status === 400 && /plain HTTP request was sent to HTTPS port/i.test(text)) return wantsTls(web);
  if (status === 400 && /SSL certificate/i.test(text))
    return failed(
      'PACS_TLS_CLIENT_CERTIFICATE',
      'The proxy in front of the archive asks for a certificate of ours (HTTP 400).',
      `Set ${setting('certificate')} and ${setting('key')} to one that its authority issued for us.`,
    );
  return notDicomweb(web, 'PACS_PATH', `There is no DICOMweb at ${client.address} (HTTP ${status}).`);
}

function explainAccount({ settings, setting }: WebArchive): CheckOutcome {
  const { token, username, url } = settings;
  if (token)
    return failed(
      'PACS_CREDENTIALS_WRONG',
      'The archive does not accept our token (HTTP 401).',
      `Renew ${setting('token')}: it may have expired.`,
    );
  if (username || new URL(url).username)
    return failed(
      'PACS_CREDENTIALS_WRONG',
      'The archive does not accept our user and password (HTTP 401).',
      `Correct ${setting('username')} and ${setting('password')}; the account may also be locked.`,
    );
  return failed(
    'PACS_CREDENTIALS_MISSING',
    'The archive asks for user and password, or a token (HTTP 401).',
    `Set ${setting('username')} and ${setting('password')}, or ${setting('token')}.`,
  );
}

/** The outcome where an address is no DICOMweb root. Where a usual root of that server is one, the cure names it. */
export async function notDicomweb(web: WebArchive, code: string, message: string): Promise<CheckOutcome> {
  const url = web.setting('url');
  for (const path of USUAL_ROOTS) {
    const root = new URL(`/${path}`, web.client.address).href;
    const other = new DicomwebClient({ ...web.settings, url: root, timeoutMs: QUICK_MS });
    const reply = await other.inquire('studies?limit=1', { Accept: 'application/dicom+json' }).catch(() => undefined);
    if (reply?.status === 204 || (reply?.status === 200 && reply.text.trimStart().startsWith('[')))
      return failed(code, message, `Set ${url} to ${root}, where there is one.`);
  }
  const usual = 'Orthanc’s is /dicom-web, dcm4chee’s /dcm4chee-arc/aets/DCM4CHEE/rs';
  return failed(code, message, `Correct the path in ${url}: ${usual}.`);
}

/** Explains a request without a response, by the error of the connection and by what the port speaks. */
export async function explainNoAnswer(web: WebArchive, error: Error): Promise<CheckOutcome> {
  const { address, setting, settings } = web;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  const fault = cause && tlsFault(cause, address, setting);
  if (fault) return fault;
  const spoken = await whatSpeaks(address);
  const at = `${address.host}:${address.port}`;
  if (spoken === 'TLS' && !settings.url.startsWith('https:')) return wantsTls(web);
  if (spoken === 'DICOM')
    return failed(
      'PACS_NOT_HTTP',
      `${at} is a DICOM port, not a web server.`,
      `Set the port in ${setting('url')} to the archive’s web port, or write dicom://AETITLE@${at} to speak DICOM with it.`,
    );
  if (!cause)
    return failed(
      'PACS_SILENT',
      `${at} accepts the connection and then says nothing.`,
      `Restart the archive, or correct the port in ${setting('url')}; look at the archive’s log and load.`,
    );
  return failed(
    'PACS_NOT_HTTP',
    `${at} does not answer as a web server does (${cause.code ?? 'no code'}).`,
    `Correct the port in ${setting('url')}: it must be the archive’s web port.`,
  );
}

function wantsTls({ address, setting }: WebArchive): CheckOutcome {
  return failed(
    'PACS_TLS_WANTED',
    `${address.host}:${address.port} speaks TLS, but ${setting('url')} says not to.`,
    `Change http:// to https:// in ${setting('url')}.`,
  );
}
