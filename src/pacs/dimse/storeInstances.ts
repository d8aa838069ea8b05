import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MrimasterError, PacsRefused, PacsUnreachable } from '../../errors/errors.js';
import { locateDataSet, MAX_FILE_META } from '../header/locateDataSet.js';
import { parseOpenFile } from '../header/parseFile.js';
import { describeTransferSyntax } from '../header/transferSyntax.js';
import type { Association } from './association.js';
import { COMMANDS } from './command.js';
import { receiveResponse, statusError } from './exchange.js';
import type { ProposedContext } from './pdu.js';
import { asPacsError, describePeer, type Peer, requestAssociation } from './requestAssociation.js';
import { isBusy, statusClass } from './status.js';

/**
 * What became of one file. `warning`: status of an archive that keeps it with changes. `failure`: why the archive does
 * not keep it.
 */
export type StoreResult = { path: string; sopInstanceUid: string | null; warning?: number; failure?: MrimasterError };

type FileToStore = {
  path: string;
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntax: string;
  offset: number;
};

/** Most presentation contexts of an association: their identifiers are odd and fit a byte (PS3.8 9.3.2.2). */
const MAX_CONTEXTS = 128;
const PAUSE_MS = 500;
const ATTEMPTS = 4;

/**
 * Stores DICOM files (C-STORE, PS3.4 B). Each data set is sent unchanged, in its own transfer syntax.
 * An archive that is out of resources (A7xx) is asked again after a pause; one that refuses an object is not. The
 * failure of one file does not stop the others.
 * @returns one entry for each file, in order.
 * @throws PacsUnreachable or PacsRefused where the archive takes nothing at all.
 */
export async function storeInstances(
  peer: Peer,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<StoreResult[]> {
  const results = new Map<string, StoreResult>();
  const files: FileToStore[] = [];
  for (const path of paths) {
    try {
      files.push(await describe(path));
    } catch (error) {
      if (!(error instanceof MrimasterError)) throw error;
      results.set(path, { path, sopInstanceUid: null, failure: error });
    }
  }
  while (files.length > 0) {
    const batch = takeBatch(files);
    for (const result of await storeBatch(peer, batch, signal)) results.set(result.path, result);
  }
  return paths.map((path) => results.get(path) as StoreResult);
}

async function describe(path: string): Promise<FileToStore> {
  const file = await open(path, 'r');
  try {
    const head = new Uint8Array(MAX_FILE_META);
    const { bytesRead } = await file.read(head, 0, MAX_FILE_META, 0);
    const { sopClassUid, sopInstanceUid, transferSyntaxUid: transferSyntax } = await parseOpenFile(file);
    return {
      path,
      sopClassUid,
      sopInstanceUid,
      transferSyntax,
      offset: locateDataSet(head.subarray(0, bytesRead)).offset,
    };
  } finally {
    await file.close();
  }
}

const contextKey = ({ sopClassUid, transferSyntax }: FileToStore) => `${sopClassUid} ${transferSyntax}`;

/** Takes from the front of `files` as many as one association has contexts for. */
function takeBatch(files: FileToStore[]): FileToStore[] {
  const kinds = new Set<string>();
  let count = 0;
  for (const file of files) {
    kinds.add(contextKey(file));
    if (kinds.size > MAX_CONTEXTS) break;
    count++;
  }
  return files.splice(0, count);
}

async function storeBatch(peer: Peer, files: readonly FileToStore[], signal?: AbortSignal): Promise<StoreResult[]> {
  const kinds = [...new Set(files.map(contextKey))];
  const proposed: ProposedContext[] = kinds.map((kind, index) => {
    const [abstractSyntax = '', transferSyntax = ''] = kind.split(' ');
    return { id: 2 * index + 1, abstractSyntax, transferSyntaxes: [transferSyntax] };
  });
  const association = await requestAssociation(peer, proposed, [], signal);
  const results: StoreResult[] = [];
  try {
    for (const file of files) results.push(await storeFile(association, file, peer, signal));
    await association.release();
    return results;
  } catch (error) {
    signal?.throwIfAborted();
    throw asPacsError(error, peer);
  } finally {
    association.abort(); // does nothing after a release
  }
}

async function storeFile(
  association: Association,
  file: FileToStore,
  peer: Peer,
  signal?: AbortSignal,
): Promise<StoreResult> {
  const { path, sopClassUid, sopInstanceUid, transferSyntax, offset } = file;
  const result = { path, sopInstanceUid };
  const context = [...association.contexts.values()].find(
    (candidate) => candidate.abstractSyntax === sopClassUid && candidate.transferSyntax === transferSyntax,
  );
  if (!context) {
    const what = `SOP class ${sopClassUid} in ${describeTransferSyntax(transferSyntax)}`;
    return { ...result, failure: new PacsRefused(`${describePeer(peer)} does not take ${what}. Allow it there.`) };
  }
  for (let attempt = 1, pause = PAUSE_MS; ; attempt++, pause *= 2) {
    const request = { affectedSopClassUid: sopClassUid, commandField: COMMANDS.C_STORE_RQ, priority: 0 };
    const command = { ...request, messageId: association.nextMessageId(), affectedSopInstanceUid: sopInstanceUid };
    await association.send(context, command, createReadStream(path, { start: offset, highWaterMark: 256 * 1024 }));
    const { status } = await receiveResponse(association, COMMANDS.C_STORE_RQ, peer);
    if (statusClass(status) === 'success') return result;
    if (statusClass(status) === 'warning') return { ...result, warning: status };
    if (!isBusy(status)) return { ...result, failure: refusalError(status, peer) };
    if (attempt >= ATTEMPTS) return { ...result, failure: statusError('C-STORE', status, peer) as PacsUnreachable };
    await sleep(pause, undefined, { signal });
  }
}

function refusalError(status: number, peer: Peer): PacsRefused {
  const code = status.toString(16).toUpperCase().padStart(4, '0');
  return new PacsRefused(`${describePeer(peer)} refuses the object (status ${code}; PS3.4 B.2.3). Look at its log.`);
}
