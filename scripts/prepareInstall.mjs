// Runs after every install: generates the Prisma client from prisma/schema.prisma and compiles the program, so that
// `npx mrimaster` answers at once. Nothing is downloaded: the generator asks for the path of Prisma's native schema
// engine but never runs it, so any existing file will do. An engine is needed only by `prisma migrate`, whose work
// scripts/newMigration.mjs does with the engine's WebAssembly build.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const prisma = `${root}node_modules/prisma/build/index.js`;
if (existsSync(prisma)) {
  const generated = spawnSync(process.execPath, [prisma, 'generate', '--no-hints'], {
    cwd: root,
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1', ...process.env },
    encoding: 'utf8',
  });
  if (generated.status !== 0) {
    console.error(generated.stdout + generated.stderr);
    process.exit(generated.status ?? 1);
  }
  await import('./build.mjs');
}
