import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../output/log.js';

/** A large DATA_DIR takes minutes: what is closed first, its top, keeps others out of all the rest. */
const WAIT_MS = 3_000;
const AT_ONCE = 32;
const FOLDER = 0o700;
const FILE = 0o600;

/** What this process makes from now on is its own account's alone; DATA_DIR, too, where it is made now. */
export async function startPrivate(dataDir: string): Promise<void> {
  process.umask(0o077);
  await mkdir(dataDir, { recursive: true, mode: FOLDER });
}

/**
 * Closes DATA_DIR and all below to other accounts, where an earlier version or somebody else left it open, and says so
 * once. Goes on beside the start where there is much of it.
 * @returns `close`: ends it.
 */
export async function closeToOthers(dataDir: string, log: Log): Promise<{ close(): Promise<void> }> {
  if (process.platform === 'win32') return { close: async () => {} }; // which has no modes
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

/** A folder before what is in it. What is gone meanwhile needs nothing. */
async function closeAll(path: string, counts: Counts, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory() && !found?.isFile()) return; // links lead elsewhere, sockets have a mode of their own
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

function tell(dataDir: string, { closed, code, refused }: Counts, log: Log): void {
  if (closed > 0)
    log.warn(
      `${closed} files and folders of ${dataDir} were open to other accounts of this machine. They are closed now.`,
    );
  if (refused > 0)
    log.warn(
      `${refused} files and folders of ${dataDir} are open to other accounts, and may not be closed by this one (${code}). Give DATA_DIR to the account that runs MRIMaster.`,
    );
}
