import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('./', import.meta.url));
const dist = `${root}dist/`;

/** What starts a process, a database or a server, or needs a part that not every machine has. All else are unit tests. */
const WHOLE =
  /\b(startProgram|spawnProgram|runCli|openContext|openDatabase|EmbeddedPostgres|spawn(Sync)?|execFileSync|skipIf|runReference)\(/;

const files = (readdirSync(`${root}tests`, { recursive: true }) as string[])
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => `tests/${path}`);
const units = files.filter((path) => !WHOLE.test(readFileSync(root + path, 'utf8')));
const whole = files.filter((path) => !units.includes(path));

// Tests run the compiled program, not a second compilation of it: what is tested is what ships, its worker
// threads included, and Node alone resolves modules (two copies of graphql would refuse each other's schemas).
const resolve = {
  alias: [
    { find: /^(?:\.\.\/)+src\/(.*)\.js$/, replacement: `${dist}$1.js` },
    { find: /^graphql$/, replacement: 'graphql/index.js' }, // the copy that the program has, for tests that look at its schema
  ],
};

export default defineConfig({
  test: {
    server: { deps: { external: [/\/dist\//] } },
    // The limits find what hangs, also on a machine that has ten times as much to do as it can: tests wait for what they
    // need (tests/setup/program.ts, until), and say what did not come long before.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    env: { ORT_DISABLE_TELEMETRY: '1' },
    pool: 'forks',
    maxWorkers: Math.min(2, availableParallelism()),
    projects: [
      { extends: true, resolve, test: { name: 'units', include: units } },
      { extends: true, resolve, test: { name: 'whole', include: whole } },
    ],
  },
});
