// Compiles src/ to dist/ when something changed since the last time (tsc keeps the account in dist/.tsbuildinfo).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}node_modules/typescript/lib/tsc.js`;
if (!existsSync(tsc)) {
  if (existsSync(`${root}dist/cli.js`)) process.exit(0); // a production install runs what was built before
  console.error('TypeScript is not installed, and dist/ is empty. Run `npm ci` (with development dependencies) first.');
  process.exit(1);
}
process.exit(spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' }).status ?? 1);
