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
 * How an archive is reached. `certificates`: PEM; `ca` replaces the authorities that Node.js trusts, `cert` and `key` are
 * ours. `changesUrl`: Orthanc's feed of changes; `pollSeconds`: how often the archive is searched for new studies where it has
 * no such thing; neither by default. `retrieve`: C-MOVE needs the archive to know us, C-GET does not, but fewer archives offer it.
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

/** A configured archive, however it is reached. The methods are those of its client. */
export type Archive = {
  settings: ArchiveSettings;
  /** For people and logs, without credentials: "https://pacs.example/dicom-web", "dicom://PACS@10.0.0.7:104". */
  address: string;
  /** @throws its client's errors where it does not answer as it should. */
  check(): Promise<void>;
  searchForStudies(query: StudyQuery): Promise<StudyFound[]>;
  /** The SOP instance UIDs of a study, however many searches that takes. */
  listInstances(studyInstanceUid: string): Promise<string[]>;
  /** Exactly one: `retrieveStudy` gives the objects, `moveStudy` has them sent to our own DICOM port. */
  retrieveStudy?: DicomwebClient['retrieveStudy'];
  moveStudy?: DimseClient['moveStudy'];
  /** STOW-RS or C-STORE, byte for byte; one entry a file. */
  storeInstances(paths: readonly string[], signal?: AbortSignal): Promise<StoredFile[]>;
};

/** `failure`: why the archive does not keep it. */
export type StoredFile = { path: string; failure?: MrimasterError };

/** `ownAeTitle`: as whom we call it, and where it is to move studies. */
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

/** @throws PacsWrongStudy where one study is asked for by its UID, and others come: nothing of theirs becomes ours. */
async function searchForStudies(client: DicomwebClient | DimseClient, query: StudyQuery): Promise<StudyFound[]> {
  const found = await client.searchForStudies(query);
  const { studyInstanceUid: asked } = query;
  if (asked === undefined) return found;
  if (found.every(({ studyInstanceUid }) => studyInstanceUid === asked)) return mergeMatches(found);
  throw new PacsWrongStudy('The archive answered a search for one study with another study. Look at its log.');
}

/** The matches of one study. */
function mergeMatches(found: readonly StudyFound[]): StudyFound[] {
  const [first, ...others] = found;
  if (!first || others.every(({ patient }) => !isOtherPatient(first.patient, patient))) return found.slice(0, 1);
  const counts = found.map(({ numberOfInstances }) => numberOfInstances);
  const known = counts.every((count) => count !== null);
  const numberOfInstances = known ? counts.reduce((sum: number, count) => sum + (count as number), 0) : null;
  return [{ ...first, numberOfInstances, ambiguous: true }];
}

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
