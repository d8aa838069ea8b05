import { createReadStream } from 'node:fs';
import type { Context } from '../context.js';
import { MrimasterError } from '../errors/errors.js';
import { findFiles, type Tally } from '../pacs/findFiles.js';
import { receiveBytes } from '../pacs/receive.js';
import { recordInstance } from './recordInstance.js';

/**
 * `duplicates`: objects that were here before, byte for byte. `refused`: DICOM files that could not be kept or used,
 * and files that could not be read, each with its reason. `skipped`: files that are not DICOM objects.
 */
export type Imported = {
  studyInstanceUids: string[];
  received: number;
  duplicates: number;
  skipped: number;
  refused: { file: string; reason: string }[];
};

/**
 * Copies every DICOM object under `path` into DATA_DIR and records it. A file that is refused stops no other one.
 * @throws StorageFull, DatabaseNotUsable ...: what would stop every following file, too.
 */
export async function importFiles(
  context: Context,
  path: string,
  onFile: (imported: Readonly<Imported>) => void = () => {},
  signal?: AbortSignal,
): Promise<Imported> {
  const tally: Tally = { found: 0, skipped: 0 };
  const studies = new Set<string>();
  const imported: Imported = {
    studyInstanceUids: [],
    received: 0,
    duplicates: 0,

    skipped: 0,
    refused: [],
  };
  for await (const file of findFiles(path, tally)) {
    try {
      const received = await receiveBytes(createReadStream(file), context.receivedDir, {
        durableFolders: context.caches.durableFolders,
      });
      await recordInstance(context, received, { pacs: null, sender: 'mrimaster import', arriving: false });
      studies.add(received.instance.studyInstanceUid);
      imported.studyInstanceUids = [...studies];
      if (received.duplicate) imported.duplicates++;
      else imported.received++;
    } catch (error) {
      const reason = reasonToRefuse(error, file);
      if (!reason) throw error;
      imported.refused.push({ file, reason });
    }
    imported.skipped = tally.skipped;
    onFile(imported);
    signal?.throwIfAborted();
  }
  imported.skipped = tally.skipped;
  return imported;
}

/** Why a file is left out; undefined for an error that would stop every following file, too. */
function reasonToRefuse(error: unknown, file: string): string | undefined {
  if (error instanceof MrimasterError) return error.code === 'STORAGE_FULL' ? undefined : error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  return path === file ? `it cannot be read (${code}). Check its rights.` : undefined;
}
