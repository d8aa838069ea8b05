import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PacsBadAnswer, StorageFull } from '../errors/errors.js';
import { isOtherLivingProcess } from '../process/isOtherLivingProcess.js';
import { createDataSetHash } from './header/hashDataSet.js';
import type { Instance } from './header/parse.js';
import { parseOpenFile } from './header/parseFile.js';

/**
 * What became of received bytes.
 * `path`: of the kept file, relative to the directory, with forward slashes.
 * `sha256`: of the data set alone. Preamble and file meta information are left out, because every sender writes them
 * anew.
 * `duplicate`: the same bytes were kept before. `conflict`: other bytes with the same SOP Instance UID were kept
 * before; both stay.
 */
export type Received = {
  instance: Instance;
  path: string;
  sha256: string;
  bytes: number;
  duplicate: boolean;
  conflict: boolean;
};

const PARTIALS = '.partial';

/** Folders whose names are durable, or about to be, by path. Concurrent receivers wait for the same flush. */
export type DurableFolders = Map<string, Promise<void>>;
/** Size of DurableFolders; the oldest entries are dropped. */
const MOST_FOLDERS = 1000;

/**
 * Keeps one DICOM object unchanged, as `<study>/<series>/<instance>.dcm` under `directory`. The bytes are hashed and
 * flushed to disk before the file gets its name, and the name is durable when this returns. A failure leaves no partial
 * file. The same bytes again change nothing.
 * @param options.maxBytes largest object that is accepted, unlimited by default.
 * @param options.check throws where the header is not the expected one.
 * @param options.durableFolders remembered from one call to the next, so that a folder is flushed once; by default anew.
 * @throws InvalidDicom, StorageFull, PacsBadAnswer (too large), or whatever `source` throws.
 */
export async function receiveBytes(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  directory: string,
  options: {
    maxBytes?: number;
    check?(instance: Instance): void | Promise<void>;
    durableFolders?: DurableFolders;
  } = {},
): Promise<Received> {
  const { durableFolders = new Map() } = options;
  const partials = join(directory, PARTIALS);
  const partial = join(partials, `${process.pid}-${randomUUID()}.part`);
  try {
    await mkdir(partials, { recursive: true });
    const file = await open(partial, 'wx+');
    try {
      const { sha256, bytes } = await write(file, source, options.maxBytes ?? Number.POSITIVE_INFINITY);
      const instance = await parseOpenFile(file);
      await options.check?.(instance);
      await file.sync();
      return { instance, sha256, bytes, ...(await keep(partial, directory, { instance, sha256, durableFolders })) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isFull(error))
      throw new StorageFull(
        'The disk that keeps received images is full. Free space under DATA_DIR, then send again.',
        {
          cause: error,
        },
      );
    if (isUnwritable(error, directory))
      throw new StorageFull(
        'The folder that keeps received images cannot be written. See to DATA_DIR, then send again.',
        {
          cause: error,
        },
      );
    throw error;
  } finally {
    await unlink(partial).catch(() => {}); // fails where it was renamed already
  }
}

/**
 * Deletes files that killed processes left half received; for start-up. Files of other living processes stay.
 * @returns the number of deleted files.
 */
export async function clearPartials(directory: string): Promise<number> {
  const partials = join(directory, PARTIALS);
  const names = await readdir(partials).catch(() => []);
  const abandoned = names.filter((name) => !isOtherLivingProcess(Number.parseInt(name, 10)));
  await Promise.all(abandoned.map((name) => unlink(join(partials, name))));
  return abandoned.length;
}

async function write(file: FileHandle, source: Uint8Array | AsyncIterable<Uint8Array>, maxBytes: number) {
  const hash = createDataSetHash();
  let bytes = 0;
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new PacsBadAnswer(`An object is larger than the allowed ${maxBytes} bytes. Send it in smaller objects.`);
    }
    hash.update(chunk);
    for (let written = 0; written < chunk.length; ) {
      written += (await file.write(chunk, written, chunk.length - written)).bytesWritten;
    }
  }
  return { sha256: hash.digest(), bytes };
}

/** Gives the finished file its name. A link fails where the name is taken; renaming would replace the existing file. */
async function keep(
  partial: string,
  directory: string,
  { instance, sha256, durableFolders }: { instance: Instance; sha256: string; durableFolders: DurableFolders },
) {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance; // valid UIDs, hence safe names
  const series = `${studyInstanceUid}/${seriesInstanceUid}`;
  const folder = join(directory, studyInstanceUid, seriesInstanceUid);
  await makeFolder(directory, studyInstanceUid, seriesInstanceUid, durableFolders);
  const names = [`${sopInstanceUid}.dcm`, `${sopInstanceUid}.${sha256.slice(0, 12)}.dcm`];
  for (const [index, name] of names.entries()) {
    const conflict = index > 0;
    const path = `${series}/${name}`;
    const target = join(folder, name);
    if (await linkExclusively(partial, target)) {
      await syncDirectory(folder);
      return { path, duplicate: false, conflict };
    }
    if ((await hashFile(target)) === sha256) return { path, duplicate: true, conflict };
  }
  throw new Error('Two different objects have the same SHA-256');
}

async function makeFolder(
  directory: string,
  study: string,
  series: string,
  durableFolders: DurableFolders,
): Promise<void> {
  const folder = join(directory, study, series);
  const known = durableFolders.get(folder);
  if (known && (await known.then(() => stat(folder)).catch(() => null))) return;
  const made = (async () => {
    await mkdir(folder, { recursive: true });
    for (const parent of [join(directory, study), directory]) await syncDirectory(parent);
  })();
  durableFolders.set(folder, made);
  const [oldest] = durableFolders.keys();
  if (durableFolders.size > MOST_FOLDERS && oldest !== undefined) durableFolders.delete(oldest);
  await made;
}

async function linkExclusively(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
  }
  // The file system has no hard links.
  if (await stat(to).catch(() => null)) return false;
  await rename(from, to);
  return true;
}

async function hashFile(path: string): Promise<string> {
  const hash = createDataSetHash();
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest();
}

/** Flushes a directory, so that a new name in it is durable. Windows has no such call and needs none. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** Whether `error` concerns the folder that we write to, rather than a file that we were given to read. */
function isUnwritable(error: unknown, directory: string): boolean {
  const { code = '', path = '' } = (error ?? {}) as NodeJS.ErrnoException;
  return ['ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EEXIST'].includes(code) && path.startsWith(directory);
}
