import type { ConnectionOptions } from 'node:tls';
import { type MrimasterError, PacsWrongStudy } from '../errors/errors.js';
import { DicomwebClient } from './dicomweb/client.js';
import { DimseClient } from './dimse/client.js';
import type { Peer } from './dimse/requestAssociation.js';
import { storeInstances } from './dimse/storeInstances.js';
import { isOtherPatient } from './header/patientIdentity.js';
import type { StudyFound } from './query/searchResults.js';
import type { StudyQuery } from './query/studyQuery.js';

/**
 * How to reach an archive.
 * `certificates` (PEM): `ca` replaces the authorities that Node.js trusts; `cert` and `key` are our own.
 * `changesUrl`: address of Orthanc's feed of changes. `pollSeconds`: interval of searches for new studies, for archives
 * without such a feed. Without both, the archive is not watched.
 * `retrieve`: MOVE needs an archive that knows our AE title and address. GET does not, but fewer archives offer it.
 */
export type ArchiveSettings = {
  name: string;
  certificates?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined } | undefined;
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
  changesUrl?: string | undefined;
  pollSeconds?: number | undefined;
} & (
  | { kind: 'DICOMWEB'; url: string }
  | { kind: 'DIMSE'; host: string; port: number; aeTitle: string; tls: boolean; retrieve: 'MOVE' | 'GET' }
);

/** A configured archive, whatever its protocol. The methods are those of its client. */
export type Archive = {
  settings: ArchiveSettings;
  /**
   * Address for people and logs, without credentials: "https://pacs.example/dicom-web", "dicom://PACS@10.0.0.7:104".
   */
  address: string;
  /** Asks the archive for a sign of life: one search, or C-ECHO. @throws the errors of its client. */
  check(): Promise<void>;
  searchForStudies(query: StudyQuery): Promise<StudyFound[]>;
  /** The SOP instance UIDs of a study. DIMSE and QIDO-RS need one search for each series. */
  listInstances(studyInstanceUid: string): Promise<string[]>;
  /**
   * An archive has exactly one of the two: `retrieveStudy` yields the objects, `moveStudy` has the archive send them to
   * our DICOM port.
   */
  retrieveStudy?: DicomwebClient['retrieveStudy'];
  moveStudy?: DimseClient['moveStudy'];
  /** Stores files unchanged, by STOW-RS or C-STORE. Returns one entry for each file. */
  storeInstances(paths: readonly string[], signal?: AbortSignal): Promise<StoredFile[]>;
};

/** What became of one file. `failure`: why the archive did not keep it. */
export type StoredFile = { path: string; failure?: MrimasterError };

/**
 * Makes the client of a configured archive. No connection is opened yet.
 * @param ownAeTitle our AE title: we call with it, and the archive moves studies to it.
 */
export function openArchive(settings: ArchiveSettings, ownAeTitle: string): Archive {
  if (settings.kind === 'DICOMWEB') {
    const client = new DicomwebClient(settings);
    return {
      settings,
      address: client.address,
      check: async () => void (await client.searchForStudies({ limit: 1 })),
      searchForStudies: (query) => searchForStudies(client, query),
      listInstances: (uid) => listInstances(client, uid),
      retrieveStudy: (uid, signal) => client.retrieveStudy(uid, signal),
      storeInstances: (paths, signal) => client.storeInstances(paths, signal),
    };
  }
  const peer = peerOf(settings, ownAeTitle);
  const client = new DimseClient(peer);
  const { tls, aeTitle, host, port, retrieve } = settings;
  return {
    settings,
    address: `${tls ? 'dicoms' : 'dicom'}://${aeTitle}@${host}:${port}`,
    check: () => client.echo(),
    searchForStudies: (query) => searchForStudies(client, query),
    listInstances: (uid) => listInstances(client, uid),
    storeInstances: (paths, signal) => storeInstances(peer, paths, signal),
    ...(retrieve === 'GET'
      ? { retrieveStudy: (uid, signal) => client.retrieveStudy(uid, signal) }
      : {
          moveStudy: (uid, destination, onProgress, signal) => client.moveStudy(uid, destination, onProgress, signal),
        }),
  };
}

/**
 * Searches for studies.
 * @throws PacsWrongStudy where the query names one study by its UID and the archive answers with another one.
 */
async function searchForStudies(client: DicomwebClient | DimseClient, query: StudyQuery): Promise<StudyFound[]> {
  const found = await client.searchForStudies(query);
  const { studyInstanceUid: wanted } = query;
  if (wanted === undefined) return found;
  if (found.every(({ studyInstanceUid }) => studyInstanceUid === wanted)) return mergeMatches(found);
  throw new PacsWrongStudy('The archive answered a search for one study with another study. Look at its log.');
}

/**
 * Makes one match of several with the same study UID. Where they name different patients, the study is ambiguous, and
 * its number of instances is the sum of theirs.
 */
function mergeMatches(found: readonly StudyFound[]): StudyFound[] {
  const [first, ...others] = found;
  if (!first || others.every(({ patient }) => !isOtherPatient(first.patient, patient))) return found.slice(0, 1);
  const counts = found.map(({ numberOfInstances }) => numberOfInstances);
  const known = counts.every((count) => count !== null);
  const numberOfInstances = known ? counts.reduce((sum: number, count) => sum + (count as number), 0) : null;
  return [{ ...first, numberOfInstances, ambiguous: true }];
}

/** The association parameters of an archive that speaks DIMSE. */
export function peerOf(settings: ArchiveSettings & { kind: 'DIMSE' }, callingAeTitle: string): Peer {
  const { host, port, aeTitle: calledAeTitle, tls, certificates = {} } = settings;
  return { host, port, calledAeTitle, callingAeTitle, tls: tls ? (certificates as ConnectionOptions) : undefined };
}

async function listInstances(client: DicomwebClient | DimseClient, studyInstanceUid: string): Promise<string[]> {
  const uids: string[] = [];
  for (const { seriesInstanceUid } of await client.searchForSeries(studyInstanceUid)) {
    const found = await client.searchForInstances(studyInstanceUid, seriesInstanceUid);
    uids.push(...found.map(({ sopInstanceUid }) => sopInstanceUid));
  }
  return uids;
}
