// `npm run build`, and the end of each install: generates the database client and compiles src/ to dist/. Starting the
// program does neither. Nothing is downloaded.
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateClient } from './generateClient.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/lib/tsc.js', import.meta.url));

// Read before anything else: a migration that comes meanwhile is one that this build does not know.
const migrations = readdirSync(new URL('../prisma/migrations', import.meta.url));
await generateClient();
const { status } = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
if (status !== 0) {
  console.error('src/ does not compile.');
  process.exit(1);
}
writeFileSync(new URL('../dist/migrations.json', import.meta.url), JSON.stringify(migrations));
