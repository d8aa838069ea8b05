#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=1048576 node
// glibc keeps what was freed: an arena a thread, and more of it the larger a block once was. That takes memory and is no
// faster here.
//
// Runs the command line as it was built last.
import { existsSync } from 'node:fs';

const program = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(program)) {
  const installed = existsSync(new URL('../node_modules', import.meta.url));
  console.error(`MRIMaster is not built: dist/ is missing. Run \`${installed ? 'npm run build' : 'npm ci'}\`.`);
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(program.href);
