import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const dist = fileURLToPath(new URL('./dist/', import.meta.url));

// Tests run the compiled program, not a second compilation of it: what is tested is what ships, its worker
// threads included, and Node alone resolves modules (two copies of graphql would refuse each other's schemas).
export default defineConfig({
  resolve: {
    alias: [
      { find: /^(?:\.\.\/)+src\/(.*)\.js$/, replacement: `${dist}$1.js` },
      { find: /^graphql$/, replacement: 'graphql/index.js' }, // the copy that the program has, for tests that look at its schema
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    server: { deps: { external: [/\/dist\//] } },
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
