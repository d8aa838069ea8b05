import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MrimasterError } from '../errors/errors.js';
import { locateDataSet } from './header/locateDataSet.js';

/** Counts of a walk so far. `skipped`: files that are not DICOM objects, DICOMDIRs, and what cannot be read. */
export type Tally = { found: number; skipped: number };

/** The Media Storage SOP Class UID of a DICOMDIR as its file meta information writes it: VR, length 20, value. */
const DIRECTORY_SOP_CLASS = 'UI\x14\x001.2.840.10008.1.3.10';

/**
 * Paths of the DICOM files under `root` (or `root` itself), recognised by their content, not their names. Folders come
 * in the order of their names. Symbolic links are followed, and each folder is visited once.
 * @param tally is updated during the walk.
 * @throws the file system's error where `root` itself cannot be read.
 */
export async function* findFiles(root: string, tally: Tally = { found: 0, skipped: 0 }): AsyncGenerator<string> {
  for await (const path of walkFiles(root, () => tally.skipped++)) {
    if (await isDicomFile(path)) {
      tally.found++;
      yield path;
    } else {
      tally.skipped++;
    }
  }
}

/**
 * Paths of all files under `root`, in natural order: "slice-2" before "slice-10".
 * @param onSkipped is called for folders that cannot be read, and for sockets and pipes, which would block an open.
 * @throws the file system's error where `root` itself cannot be read.
 */
export async function* walkFiles(root: string, onSkipped: () => void = () => {}): AsyncGenerator<string> {
  await stat(root);
  yield* walk(root, onSkipped, new Set());
}

async function* walk(path: string, onSkipped: () => void, visited: Set<string>): AsyncGenerator<string> {
  const kind = await stat(path).catch(() => null);
  if (kind?.isFile()) return yield path;
  const names = kind?.isDirectory() ? await readdir(path).catch(() => null) : null;
  if (!names) return onSkipped();
  const folder = await realpath(path);
  if (visited.has(folder)) return;
  visited.add(folder);
  for (const name of names.sort(byName)) yield* walk(join(path, name), onSkipped, visited);
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Whether `start`, the first bytes of a file, belongs to a DICOMDIR, which is an index of files and not an image. */
export function isDirectory(start: Uint8Array): boolean {
  // The Media Storage SOP Class UID lies in the first few hundred bytes.
  return Buffer.from(start.subarray(0, 4096)).includes(DIRECTORY_SOP_CLASS, 0, 'latin1');
}

async function isDicomFile(path: string): Promise<boolean> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, 'r');
    const start = Buffer.alloc(4096);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    const bytes = start.subarray(0, bytesRead);
    if (bytes.toString('latin1', 128, 132) !== 'DICM') locateDataSet(bytes);
    return !isDirectory(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EIO') return true; // the attempt to read it reports the cause
    if (error instanceof MrimasterError || code) return false;
    throw error;
  } finally {
    await file?.close();
  }
}
