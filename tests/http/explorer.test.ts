import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patience } from '../setup/patience.js';
import { type Spawned, spawnProgram, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const chromium = requirePart(
  'the explorer in a browser',
  spawnSync('chromium', ['--version']).status === 0,
  'Install chromium.',
);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Spawned;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await spawnProgram({ DATA_DIR: join(folder.path, 'data'), DICOM_PORT: 'off' });
});
afterAll(async () => {
  server.child.kill('SIGTERM');
  await folder.remove();
});

describe('what a browser is answered', () => {
  it.each(['/graphiql', '/healthz', '/nothing', '/graphql', '/images/slices/x.png'])(
    'stands in no frame and may do nothing that is not its own: %s',
    async (path) => {
      const { headers } = await fetch(server.url + path);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    },
  );

  it('has a nonce of its own in each explorer, and no script runs without it', async () => {
    const policies = await Promise.all(
      [1, 2].map(async () => (await fetch(`${server.url}/graphiql`)).headers.get('content-security-policy')),
    );
    expect(policies[0]).toMatch(/script-src 'nonce-[\w+/=]{24}';/);
    expect(policies[0]).not.toEqual(policies[1]);
  });

  it.skipIf(!chromium)('is an explorer that works under its own policy', () => {
    const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', '--v=0'];
    const shown = spawnSync(
      'chromium',
      [
        ...args,
        `--user-data-dir=${folder.path}/browser`,
        '--virtual-time-budget=15000',
        '--dump-dom',
        `${server.url}/graphiql`,
      ],
      { encoding: 'utf8', timeout: patience(100_000), maxBuffer: 64e6 },
    );
    expect(shown.stdout).toMatch(/<div[^>]* class="[^"]*graphiql-container/); // its script has run
    expect(shown.stderr).not.toMatch(/Content Security Policy|Refused to/);
  });
});
