import { randomUUID } from 'node:crypto';
import { mkdir, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pTimeout from 'p-timeout';
import type { Missing } from './missing.js';

const ANSWER_MS = 2_000;
/** Bytes that must be free to store another object. */
const LEAST_FREE = 16 * 1024 ** 2;

/**
 * Why nothing can be stored in `receivedDir` now; null where it can. It writes a file, since rights alone do not show
 * it.
 */
export async function storeMissing(receivedDir: string): Promise<Missing | null> {
  try {
    const free = await pTimeout(tryOut(receivedDir), { milliseconds: ANSWER_MS });
    if (free >= LEAST_FREE) return null;
  } catch (error) {
    const { code = 'no answer' } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT')
      return {
        part: 'store',
        code: 'STORE_NOT_WRITABLE',
        message: `DATA_DIR/received cannot be written to (${code}). Give this account the right to, or mount the disk again.`,
      };
  }
  return { part: 'store', code: 'STORAGE_FULL', message: 'The disk of DATA_DIR/received is full. Free some space.' };
}

/** @returns the free bytes. A file that is left behind is removed with partly received ones (pacs/receive.ts). */
async function tryOut(receivedDir: string): Promise<number> {
  const folder = join(receivedDir, '.partial');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${process.pid}-ready-${randomUUID()}.part`);
  try {
    await writeFile(file, Buffer.alloc(4096));
    const { bavail, bsize } = await statfs(receivedDir);
    return bavail * bsize;
  } finally {
    await unlink(file).catch(() => {});
  }
}
