import { createReadStream } from 'node:fs';
import type { Context } from './context.js';
import { MrimasterError } from './errors.js';
import { findFiles, type Tally } from './pacs/findFiles.js';
import { receiveBytes } from './pacs/receive.js';
import { recordInstance } from './recordInstance.js';

/**
 * `duplicates`: were here before, byte for byte. `conflicts`: files that differ from one with the same SOPInstanceUID
 * that was here first; both are kept, the first is used. `refused`: DICOM files that could not be kept, each with its
 * reason. `skipped`: files that are no DICOM objects.
 */
export type Imported = {
  studyInstanceUids: string[];
  received: number;
  duplicates: number;
  conflicts: string[];
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
): Promise<Imported> {
  const tally: Tally = { found: 0, skipped: 0 };
  const studies = new Set<string>();
  const imported: Imported = {
    studyInstanceUids: [],
    received: 0,
    duplicates: 0,
    conflicts: [],
    skipped: 0,
    refused: [],
  };
  for await (const file of findFiles(path, tally)) {
    try {
      const received = await receiveBytes(createReadStream(file), context.receivedDir);
      await recordInstance(context, received, null);
      studies.add(received.instance.studyInstanceUid);
      imported.studyInstanceUids = [...studies];
      if (received.duplicate) imported.duplicates++;
      else imported.received++;
      if (received.conflict) imported.conflicts.push(file);
    } catch (error) {
      if (!(error instanceof MrimasterError) || error.code === 'STORAGE_FULL') throw error;
      imported.refused.push({ file, reason: error.message });
    }
    imported.skipped = tally.skipped;
    onFile(imported);
  }
  imported.skipped = tally.skipped;
  return imported;
}
