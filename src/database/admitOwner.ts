import { chown, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Name of our map in PostgreSQL's pg_ident.conf, which says who may log in under which name. */
const MAP = 'mrimaster';
const ACCESS = `# Only the account that MRIMaster runs as, and root, may enter (pg_ident.conf); the system itself vouches for it.
local all all peer map=${MAP}
`;

/**
 * Lets only the account that MRIMaster runs as connect to the server of `cluster`: PostgreSQL asks the operating system
 * who is at the other end of its socket. Clusters of earlier versions let in every local account that could open the
 * socket. Rules that somebody else wrote stay.
 * @returns whether a running server must read its rules again.
 */
export async function admitOwner(cluster: string): Promise<boolean> {
  const access = join(cluster, 'pg_hba.conf');
  const rules = await readFile(access, 'utf8');
  if (!/^\s*(local|host)\s.*\strust\s*$/m.test(rules)) return false;
  const account = ownName();
  if (account === undefined) return false; // an account without a name cannot be named in a rule
  const names = new Set(['root', account]);
  const map = [...names].map((name) => `${MAP} "${name}" all\n`).join('');
  await replace(join(cluster, 'pg_ident.conf'), map);
  await replace(access, ACCESS);
  return true;
}

function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** Replaces a file. The new one belongs to the same account, which the server runs as. */
async function replace(path: string, text: string): Promise<void> {
  const { gid, uid } = await stat(path);
  const fresh = `${path}.${process.pid}.part`;
  await writeFile(fresh, text, { mode: 0o600 });
  await chown(fresh, uid, gid);
  await rename(fresh, path);
}
