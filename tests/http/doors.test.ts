import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../setup/program.js';

it('no malformed request at any door ends the process, hangs it, or does what nobody foresaw', () => {
  const script = join(REPOSITORY, 'tests/fuzz/run.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, '--doors', '--minutes', '0.25', '--seed', '7'],
    { cwd: REPOSITORY, encoding: 'utf8' },
  );
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
  expect(stdout).toContain('0 findings; the process answered throughout, and ended in order.');
  for (const door of ['http', 'websocket', 'dimse'])
    expect(Number(new RegExp(`${door}: (\\d+) runs`).exec(stdout)?.[1])).toBeGreaterThan(20);
});
