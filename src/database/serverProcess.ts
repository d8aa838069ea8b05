import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Both name the server's process. PostgreSQL takes the server for alive as long as any process has that number. */
const LOCK_FILES = ['postmaster.pid', '.s.PGSQL.5432.lock'];

/** Number of the process that serves `cluster`; undefined where none does. */
export async function serverOf(cluster: string): Promise<number | undefined> {
  const pid = await namedIn(join(cluster, 'postmaster.pid'));
  return pid !== undefined && (await serves(pid, cluster)) ? pid : undefined;
}

/** Removes the lock files of a killed server. Its number may be another process's by now, even another PostgreSQL's. */
export async function clearStaleLocks(cluster: string): Promise<void> {
  for (const name of LOCK_FILES) {
    const pid = await namedIn(join(cluster, name));
    if (pid !== undefined && !(await serves(pid, cluster))) await rm(join(cluster, name), { force: true });
  }
}

async function namedIn(file: string): Promise<number | undefined> {
  return Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10) || undefined;
}

/** Whether the process with this number is the PostgreSQL of `cluster`, which is its working directory. */
async function serves(pid: number, cluster: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (process.platform !== 'linux') return true;
  // proc(5): "pid (comm) state …"
  const [, name, state] = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).match(/\((.*)\) (\S)/) ?? [];
  if (name !== 'postgres' || state === 'Z') return false;
  // We cannot see the folder of another account's process. It serves another cluster: ours runs as our account, or as
  // the one that we chose for it.
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return folder !== undefined && folder === (await realpath(cluster).catch(() => undefined));
}
