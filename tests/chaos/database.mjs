import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgres } from '../../dist/database/embeddedPostgres.js';
import { isRoot, locatePostgres } from '../../dist/database/postgresBinaries.js';

const NOBODY = { uid: 65_534, gid: 65_534 };

/** A PostgreSQL that is not the server's own, and that can be ended and started. `env`: beside the necessary. */
export async function openDatabase(folder, env = {}) {
  const theirs = join(folder, 'theirs');
  mkdirSync(theirs, { recursive: true });
  for (const path of [folder, theirs]) chmodSync(path, 0o755);
  const embedded = new EmbeddedPostgres(theirs);
  const { cluster } = embedded;
  const client = await embedded.connect('chaos'); // which makes the cluster
  await client.end();
  await embedded.stop();
  const program = join(await locatePostgres(), 'bin/postgres');
  const settings = ['listen_addresses=', 'unix_socket_directories=.', 'max_connections=60'];
  let child = null;
  const database = {
    url: `postgresql://mrimaster@localhost/postgres?host=${encodeURIComponent(cluster)}`,
    start: async () => {
      child = spawn(program, ['-D', '/proc/self/cwd', ...settings.flatMap((setting) => ['-c', setting])], {
        cwd: cluster,
        ...(isRoot() && NOBODY),
        env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...env },
        stdio: 'ignore',
      });
      await (await embedded.connect('chaos')).end();
    },
    /** SIGQUIT: at once, as a crash; SIGINT: it ends its clients' work first. */
    stop: async (signal) => {
      if (child === null || child.exitCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
  await database.start();
  return database;
}
