import { chown, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Who may enter by whose name: PostgreSQL's pg_ident.conf. */
const MAP = 'mrimaster';
const ACCESS = `# Only the account that MRIMaster runs as, and root, may enter (pg_ident.conf); the system itself vouches for it.
local all all peer map=${MAP}
`;

/**
 * Lets none but the account that MRIMaster runs as enter the server of `cluster`, where every local account that got at
 * its socket was let in: PostgreSQL asks the system who is at the other end. Rules that somebody else wrote stay.
 * @returns whether a running server must read its rules again.
 */
export async function admitOwner(cluster: string): Promise<boolean> {
  const access = join(cluster, 'pg_hba.conf');
  const rules = await readFile(access, 'utf8');
  if (!/^\s*(local|host)\s.*\strust\s*$/m.test(rules)) return false;
  const account = ownName();
  if (account === undefined) return false; // without a name in the system PostgreSQL could not tell who we are
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

/** As the owner of what was there, whom the server runs as. */
async function replace(path: string, text: string): Promise<void> {
  const { gid, uid } = await stat(path);
  const fresh = `${path}.${process.pid}.part`;
  await writeFile(fresh, text, { mode: 0o600 });
  await chown(fresh, uid, gid);
  await rename(fresh, path);
}
