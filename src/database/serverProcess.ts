import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Both name the server's process, and PostgreSQL takes either for that of a live server as long as any process has its number. */
const LOCK_FILES = ['postmaster.pid', '.s.PGSQL.5432.lock'];

/** The process that serves `cluster`, if one does. */
export async function serverOf(cluster: string): Promise<number | undefined> {
  const pid = await namedIn(join(cluster, 'postmaster.pid'));
  return pid !== undefined && (await serves(pid, cluster)) ? pid : undefined;
}

/** After kill -9 the number may be a zombie's or a stranger's by now, another PostgreSQL's even. */
export async function clearStaleLocks(cluster: string): Promise<void> {
  for (const name of LOCK_FILES) {
    const pid = await namedIn(join(cluster, name));
    if (pid !== undefined && !(await serves(pid, cluster))) await rm(join(cluster, name), { force: true });
  }
}

async function namedIn(file: string): Promise<number | undefined> {
  return Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10) || undefined;
}

/** Whether a live process of this number is the PostgreSQL of `cluster`, which is the folder that it works in. */
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
  // That of another account is hidden from us, and serves another cluster: ours runs as we do, or as who we let it.
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return folder !== undefined && folder === (await realpath(cluster).catch(() => undefined));
}
