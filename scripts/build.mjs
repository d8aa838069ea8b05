// `npm run build`, and the end of each install: compiles src/ to dist/. Starting the program does not.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/lib/tsc.js', import.meta.url));

const { status } = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
if (status !== 0) {
  console.error('src/ does not compile.');
  process.exit(1);
}
