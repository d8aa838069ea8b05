import { mkdtemp, readdir, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CheckOutcome, failed, ok, warning } from './checkResult.js';

/** Measures how many bytes this account may still write to the disk of `folder`. */
export type FreeBytes = (folder: string) => Promise<number>;

const TOO_LITTLE = 500 * 1024 ** 2;
const LITTLE = 5 * 1024 ** 3;

/** As the file system says it. */
export const freeBytes: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/**
 * Examines whether DATA_DIR exists or can be made, can be written to, and has room. It removes the folder that it makes
 * to find out.
 */
export async function examineDisk(dataDir: string, measure: FreeBytes): Promise<CheckOutcome> {
  const there = await nearestFolder(dataDir);
  if ('file' in there)
    return failed(
      'DATA_DIR_NOT_A_FOLDER',
      `${there.file} is a file, and DATA_DIR ${dataDir} needs a folder there.`,
      'Set DATA_DIR to a folder, or move the file away.',
    );
  try {
    // Asking for rights is not enough: root always has them, and a disk may be mounted read-only.
    await rmdir(await mkdtemp(join(there.folder, '.doctor-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT')
      return failed(
        'DATA_DIR_NOT_WRITABLE',
        `${there.folder} cannot be written to (${code}), and DATA_DIR ${dataDir} needs that.`,
        'Give the account that runs MRIMaster the right to write there, or set DATA_DIR to a folder that it may write to.',
      );
  }
  return describeRoom(dataDir, there.folder, await measure(there.folder));
}

/** `path`, or the nearest folder above it that exists; or the file that is in the way. */
async function nearestFolder(path: string): Promise<{ folder: string } | { file: string }> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found) return found.isDirectory() ? { folder: at } : { file: at };
    if (at === dirname(at)) return { folder: at };
  }
}

async function describeRoom(dataDir: string, folder: string, free: number): Promise<CheckOutcome> {
  const room = `${gigabytes(free)} GB are free on the disk of DATA_DIR ${dataDir}`;
  const cure = 'Free space on that disk, or move DATA_DIR to a larger one.';
  if (free < TOO_LITTLE) return failed('DISK_FULL', `Only ${room}: nothing more can be received.`, cure);
  if (free < LITTLE) return warning('DISK_LOW', `Only ${room}: a few studies more, and it is full.`, cure);
  const made = folder === dataDir ? '' : ', which will be made at start';
  const partials = (await readdir(join(dataDir, 'received/.partial')).catch(() => [])).length;
  const unfinished = partials > 0 ? ` ${partials} files are half received; the next start removes abandoned ones.` : '';
  return ok(`${room}${made}.${unfinished}`);
}

function gigabytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
