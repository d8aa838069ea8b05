import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from './program.js';

const chaos = (...args: string[]) =>
  spawnSync(process.execPath, [join(REPOSITORY, 'tests/chaos/run.mjs'), ...args], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: '', PACS_URL: '', PACS_FILE: '', RULES_FILE: '' },
  });

it('arrivals in any order, cut short anywhere, are never falsely proven, lost, doubled or stuck', () => {
  const { status, stdout, stderr } = chaos('--interleavings', '60');
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toMatch(/lost, doubled or stuck: 0\./);
  expect(stdout).toMatch(/^60 studies/m);
}, 120_000);

it('a server that is killed again and again loses, doubles and forgets no study', () => {
  const { status, stdout, stderr } = chaos('--kills', '4');
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toMatch(/4 studies\. Lost, doubled or stuck: 0\./);
}, 240_000);
