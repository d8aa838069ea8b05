import { randomUUID } from 'node:crypto';
import { isUid } from '../pacs/header/uid.js';
import { type CheckOutcome, failed, ok, warning } from './checkResult.js';
import { unknownUid } from './dimse.js';
import type { WebArchive } from './webArchive.js';
import { explainNoAnswer, explainStatus, type HttpReply, notDicomweb } from './webFaults.js';

const JSON_TYPE = { Accept: 'application/dicom+json' };

/** Examines QIDO-RS (PS3.18 10.6) by a search for one study, whose UID `onFound` receives. */
export async function examineSearch(web: WebArchive, onFound: (uid: string) => void): Promise<CheckOutcome> {
  const reply = await inquire(web, 'studies?limit=1');
  if ('message' in reply) return reply;
  const refused = await explainStatus(web, reply);
  if (refused) return refused;
  const { address: root } = web.client;
  if (reply.status === 204) return ok(`${root} answers; it has no study yet.`);
  const results = reply.text.trimStart();
  if (!results.startsWith('['))
    return notDicomweb(web, 'PACS_NOT_DICOMWEB', `${root} answers a search with something other than DICOM JSON.`);
  // The text may be cut off, as an archive that ignores the limit sends all that it has; its beginning is enough.
  const uid = /"0020000D"\s*:\s*\{[^}]*"Value"\s*:\s*\[\s*"([\d.]+)"/.exec(results)?.[1];
  if (uid && isUid(uid)) onFound(uid);
  return ok(`${root} answers${uid ? '' : '; it has no study yet'}.`);
}

/**
 * Examines WADO-RS (PS3.18 10.4) by the metadata of a study, of which it reads only the beginning. Where the archive
 * has no study, "not found" shows that we may retrieve.
 */
export async function examineRetrieve(web: WebArchive, studyInstanceUid: string | undefined): Promise<CheckOutcome> {
  const uid = studyInstanceUid ?? unknownUid();
  const reply = await inquire(web, `studies/${uid}/metadata`);
  if ('message' in reply) return reply;
  const { status } = reply;
  if (status === 401 || status === 403)
    return failed(
      'PACS_WADO_FORBIDDEN',
      `The archive lets us search, but not retrieve (HTTP ${status}).`,
      `Give the user of ${web.setting('username')} the right to read studies (WADO-RS).`,
    );
  if (status === 200 || (!studyInstanceUid && (status === 404 || status === 204)))
    return ok('studies may be retrieved.');
  return failed(
    'PACS_WADO_FAILED',
    `The archive does not give out a study that it ${studyInstanceUid ? 'has' : 'was asked for'} (HTTP ${status}).`,
    `Look at the archive’s log; check that WADO-RS is turned on below the root of ${web.setting('url')}.`,
  );
}

/**
 * Examines STOW-RS (PS3.18 10.5) by a message without a single object. An archive that lets us store answers it, and
 * stores nothing.
 */
export async function examineStore(web: WebArchive): Promise<CheckOutcome> {
  const boundary = `mrimaster-${randomUUID()}`;
  const type = `multipart/related; type="application/dicom"; boundary=${boundary}`;
  async function* noObject() {
    yield Buffer.from(`--${boundary}--\r\n`);
  }
  const reply = await inquire(web, 'studies', { 'Content-Type': type }, noObject());
  if ('message' in reply) return reply;
  const { status } = reply;
  if (status === 401 || status === 403)
    return failed(
      'PACS_STOW_FORBIDDEN',
      `The archive lets us search, but not store (HTTP ${status}): results cannot be written back.`,
      `Give the user of ${web.setting('username')} the right to store (STOW-RS).`,
    );
  if ([404, 405, 501].includes(status))
    return failed(
      'PACS_STOW_NOT_OFFERED',
      `The archive does not offer STOW-RS at ${web.client.address} (HTTP ${status}): results cannot be written back.`,
      `Turn on storing (STOW-RS) in the archive, or set ${web.setting('url')} to a root that has it.`,
    );
  if (status >= 500 || (status >= 300 && status < 400))
    return warning(
      'PACS_STOW_UNCLEAR',
      `The archive answers HTTP ${status} to an empty message, so it is unclear whether we may store.`,
      'Nothing was stored. Ask those who keep the archive whether STOW-RS is allowed to us.',
    );
  return ok(`storing is allowed (HTTP ${status} to an empty message; nothing was stored).`);
}

/** @returns the archive's reply, or what is wrong where there is none. */
function inquire(
  web: WebArchive,
  path: string,
  headers: Record<string, string> = {},
  body?: AsyncIterable<Uint8Array>,
): Promise<HttpReply | CheckOutcome> {
  return web.client
    .inquire(path, { ...JSON_TYPE, ...headers }, body)
    .catch((error: Error) => explainNoAnswer(web, error));
}
