import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from './program.js';

it('arrivals in any order, cut short anywhere, are never falsely proven, lost, doubled or stuck', () => {
  const script = join(REPOSITORY, 'tests/chaos/run.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--interleavings', '60'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: '', PACS_URL: '', PACS_FILE: '', RULES_FILE: '' },
  });
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toMatch(/lost, doubled or stuck: 0\./);
  expect(stdout).toMatch(/^60 studies/m);
}, 120_000);
