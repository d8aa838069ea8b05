// `npm run dev`: builds and starts the server, and again at each change of a source. While src/ does not compile, the server
// that runs stays. Ctrl-C ends all of it.
//
// chokidar and not Node's own watching, which before Node 26 loses sight of a file that an editor has replaced.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { watch } from 'chokidar';

const root = new URL('../', import.meta.url);
const pathOf = (name) => fileURLToPath(new URL(name, root));
const GENERATED = pathOf('src/generated');

/** @type {import('node:child_process').ChildProcess | undefined} */
let server;
let changed = true;
let renewing = false;
let stopping = false;

const sources = watch([pathOf('src'), pathOf('prisma/schema.prisma')], {
  ignored: (path, stats) => path === GENERATED || (stats?.isFile() && !/\.(ts|prisma)$/.test(path)),
  ignoreInitial: true,
});
sources.on('all', () => {
  changed = true;
  void renew();
});
process.on('exit', () => server?.kill()); // should this script fail
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
await renew();

async function renew() {
  if (renewing) return;
  renewing = true;
  while (changed && !stopping) {
    changed = false;
    const [status] = await once(start('scripts/build.mjs'), 'exit');
    if (status !== 0 && isServing() && !stopping) process.stderr.write('The last good build goes on serving.\n');
    if (status !== 0 || changed || stopping) continue;
    await end();
    if (stopping) break;
    server = start('--enable-source-maps', 'dist/cli.js', 'serve', ...process.argv.slice(2));
  }
  renewing = false;
}

/** In a group of its own: Ctrl-C reaches the server once, by us, for a second signal would cut short what it has at hand. */
function start(...args) {
  return spawn(process.execPath, args, { cwd: fileURLToPath(root), stdio: 'inherit', detached: true });
}

function isServing() {
  return server !== undefined && server.exitCode === null && server.signalCode === null;
}

async function end() {
  if (!isServing()) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

async function stop() {
  if (stopping) return; // the terminal and npm each pass it on
  stopping = true;
  await Promise.all([sources.close(), end()]);
}
