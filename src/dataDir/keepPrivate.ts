import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { counted, isOrAre } from '../output/counted.js';
import type { Log } from '../output/log.js';

/**
 * How long the start waits. A large DATA_DIR takes minutes, but once its top folder is closed nobody gets to the rest.
 */
const WAIT_MS = 3_000;
const AT_ONCE = 32;
const FOLDER = 0o700;
const FILE = 0o600;

/** From now on only our own account may read what this process makes. Makes DATA_DIR where it is missing. */
export async function startPrivate(dataDir: string): Promise<void> {
  process.umask(0o077);
  await mkdir(dataDir, { recursive: true, mode: FOLDER });
}

/**
 * Closes DATA_DIR and everything in it to other accounts, where an earlier version or somebody else left it open, and
 * logs that once. Where there is much to close, it goes on while the program starts.
 * @returns `close` ends it.
 */
export async function closeToOthers(dataDir: string, log: Log): Promise<{ close(): Promise<void> }> {
  if (process.platform === 'win32') return { close: async () => {} }; // Windows has no file modes
  const stopping = new AbortController();
  const counts = { closed: 0, refused: 0, code: '' };
  const walking = closeAll(dataDir, counts, stopping.signal).then(() => tell(dataDir, counts, log));
  await Promise.race([walking, new Promise((resolve) => setTimeout(resolve, WAIT_MS).unref())]);
  return {
    close: async () => {
      stopping.abort();
      await walking;
    },
  };
}

type Counts = { closed: number; refused: number; code: string };

/** Closes a folder before its content. Files that are removed meanwhile are ignored. */
async function closeAll(path: string, counts: Counts, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory() && !found?.isFile()) return; // links lead elsewhere, and sockets have their own mode
  const wanted = found.isDirectory() ? FOLDER : FILE;
  if ((found.mode & 0o777 & ~wanted) !== 0)
    await chmod(path, wanted).then(
      () => counts.closed++,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return;
        counts.refused++;
        counts.code = error.code ?? '';
      },
    );
  if (!found.isDirectory()) return;
  const names = await readdir(path).catch(() => []);
  for (let first = 0; first < names.length; first += AT_ONCE)
    await Promise.all(names.slice(first, first + AT_ONCE).map((name) => closeAll(join(path, name), counts, signal)));
}

const files = (count: number): string => counted(count, 'file or folder', 'files and folders');

function tell(dataDir: string, { closed, code, refused }: Counts, log: Log): void {
  if (closed > 0)
    log.warn(
      `${files(closed)} of ${dataDir} ${closed === 1 ? 'was' : 'were'} open to other accounts of this machine, and ${isOrAre(closed)} closed now.`,
    );
  if (refused > 0)
    log.warn(
      `${files(refused)} of ${dataDir} ${isOrAre(refused)} open to other accounts, and may not be closed by this one (${code}). Give DATA_DIR to the account that runs MRIMaster.`,
    );
}
