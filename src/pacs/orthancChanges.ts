import { z } from 'zod';
import { PacsBadAnswer } from '../errors/errors.js';
import type { ArchiveSettings } from './archive.js';
import { readAccount } from './dicomweb/account.js';
import { discard, readWhole, request } from './dicomweb/httpAnswer.js';
import { isUid } from './header/uid.js';

/**
 * One page of the feed. `studyInstanceUids`: studies that became stable. `last`: number to continue from. `more`:
 * whether the next page is ready now.
 */
export type ChangesPage = { studyInstanceUids: string[]; last: number; more: boolean };

/** Longest silence of the archive. */
const IDLE_MS = 30_000;
const MAX_BYTES = 8 * 1024 * 1024;
const PAGE = 100;

const feed = z.object({
  Changes: z.array(z.object({ ChangeType: z.string(), ID: z.string(), Seq: z.number(), ResourceType: z.string() })),
  Done: z.boolean(),
  Last: z.number(),
});
const study = z.object({ MainDicomTags: z.object({ StudyInstanceUID: z.string() }) });

/**
 * Reads the page of Orthanc's feed of changes that follows number `since` (Orthanc's REST API, /changes).
 * The feed names a study when it becomes stable, and again after more instances came. An archive whose last number is
 * below `since` was set up anew, so its feed is read from the beginning.
 * @throws PacsUnreachable, PacsRefused, PacsBadAnswer.
 */
export async function readChanges(
  settings: ArchiveSettings & { changesUrl: string },
  since: number,
): Promise<ChangesPage> {
  const { address, headers } = readAccount(settings.changesUrl, settings);
  const get = async (path: string, shape: z.ZodType) => {
    const url = new URL(path, address);
    const answer = await request(url, { headers, idleMs: IDLE_MS, tls: settings.certificates });
    if (answer.status !== 200) {
      discard(answer);
      return null; // deleted in the meantime
    }
    const body = await readWhole(answer, url, IDLE_MS, MAX_BYTES);
    const { data, error } = shape.safeParse(parseJson(body.toString('utf8')));
    if (error) throw new PacsBadAnswer(`${url.origin} has no feed of changes as Orthanc has. Check PACS_CHANGES_URL.`);
    return data;
  };
  const page = (await get(`?since=${since}&limit=${PAGE}`, feed)) as z.infer<typeof feed> | null;
  if (!page)
    throw new PacsBadAnswer(`${address.origin} has no feed of changes there (HTTP 404). Check PACS_CHANGES_URL.`);
  if (page.Last < since) return { studyInstanceUids: [], last: 0, more: true };
  const stable = page.Changes.filter(({ ChangeType }) => ChangeType === 'StableStudy').map(({ ID }) => ID);
  const studyInstanceUids: string[] = [];
  for (const id of new Set(stable)) {
    const found = (await get(`studies/${encodeURIComponent(id)}`, study)) as z.infer<typeof study> | null;
    const uid = found?.MainDicomTags.StudyInstanceUID;
    if (uid !== undefined && isUid(uid)) studyInstanceUids.push(uid);
  }
  return { studyInstanceUids, last: page.Last, more: !page.Done };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
