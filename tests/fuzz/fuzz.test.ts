import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../setup/program.js';

it('some seconds of damaged files, and of damaged answers of archives, end in results or known errors', () => {
  const script = join(REPOSITORY, 'tests/fuzz/run.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--minutes', '0.1', '--seed', '7'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
  for (const target of ['parser', 'decoder', 'multipart', 'association']) {
    expect(Number(new RegExp(`${target}: (\\d+) runs`).exec(stdout)?.[1])).toBeGreaterThan(50);
  }
});
