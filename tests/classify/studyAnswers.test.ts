import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../setup/program.js';

it('docs/models.md and docs/study-answers.txt hold the table that the rule gives today', () => {
  const { stdout, status } = spawnSync(process.execPath, [join(REPOSITORY, 'benchmarks/answers.mjs')], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const table = stdout.split('\n').filter((line) => line.startsWith('|'));
  expect(table.length).toBe(10);
  for (const file of ['docs/models.md', 'docs/study-answers.txt'])
    expect(readFileSync(join(REPOSITORY, file), 'utf8')).toContain(table.join('\n'));
});
