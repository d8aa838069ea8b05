import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { studies } from '../pacs/sharedData.js';
import { REPOSITORY } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const slices = join(studies, '../slices');
const present = requirePart(
  'labelled slices',
  existsSync(join(slices, 'manifest.csv')),
  'Set MRIMASTER_SHARED to the folder that holds data/slices.',
);
const evaluate = (...options: string[]) =>
  spawnSync(process.execPath, ['benchmarks/evaluate.mjs', ...options], { cwd: REPOSITORY, encoding: 'utf8' });

describe('npm run evaluate', () => {
  it.skipIf(!present)('finds on the test slices the figures of the card, to 0.2 points', () => {
    const { status, stdout, stderr } = evaluate('--data', slices);
    expect(stderr).toBe('');
    expect(stdout).toContain('test, strict part');
    expect(stdout).toMatch(/accuracyOfAnswered/);
    expect(status).toBe(0);
  });

  it('says where the slices should be', () => {
    const { status, stderr } = evaluate('--data', '/nowhere');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: '/nowhere/manifest.csv cannot be read. Name the folder of the labelled slices with --data.\n',
    });
  });
});
