#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=1048576 node
// glibc keeps what was freed: an arena a thread, and more of it the larger a block once was. That takes memory and is no
// faster here.
//
// Runs the command line as it was built last.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const program = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(program)) {
  const installed = existsSync(new URL('../node_modules', import.meta.url));
  console.error(`MRIMaster is not built: dist/ is missing. Run \`${installed ? 'npm run build' : 'npm ci'}\`.`);
  process.exit(1);
}
// A start migrates the database, which nothing undoes: not to tables that the code in dist/ does not know.
const built = new URL('../dist/migrations.json', import.meta.url);
const known = existsSync(built) ? new Set(JSON.parse(readFileSync(built, 'utf8'))) : null;
const folder = new URL('../prisma/migrations', import.meta.url);
const newer = known && existsSync(folder) && readdirSync(folder).find((name) => !known.has(name));
if (newer) {
  console.error(
    `The sources are newer than what was built: it does not know the migration ${newer}. Run \`npm run build\`.`,
  );
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(program.href);
