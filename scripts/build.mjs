// Compiles src/ to dist/.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules/typescript/lib/tsc.js');
const stamp = join(root, 'dist/.tsbuildinfo'); // written by every compilation

/** Does nothing when dist/ is as new as src/, or when there is no compiler, as in a production install. */
export function buildIfStale() {
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const newest = readdirSync(join(root, 'src'), { recursive: true })
    .map((name) => statSync(join(root, 'src', name)).mtimeMs)
    .reduce((latest, time) => Math.max(latest, time), 0);
  if (newest <= built) return;
  if (existsSync(tsc)) build();
  else if (!built) fail('TypeScript is not installed, and dist/ is empty. Run `npm ci` with development dependencies.');
}

export function build() {
  const { status } = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
  if (status !== 0) fail('src/ does not compile.');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
