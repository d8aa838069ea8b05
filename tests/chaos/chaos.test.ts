import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasOrthanc } from '../pacs/orthanc.js';
import { REPOSITORY } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

const hasFaketime = existsSync('/usr/bin/faketime');

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

// A handful of rounds each; docs/chaos.txt is the output at full scale.
const FAULTS = [
  ['it is killed again and again, its database too', 'kills', 4],
  ['its archive is down, slow, refusing or talking nonsense', 'archive', 4],
  ['its database is restarted under it', 'database', 3],
  ['its disk is full for a while', 'disk', 3],
  ['its clock jumps ahead and back', 'clock', 4],
] as const;

describe.skipIf(!requirePart('Orthanc', hasOrthanc, 'Install orthanc and orthanc-dicomweb.'))('a server', () => {
  for (const [fault, option, rounds] of FAULTS) {
    const present = option !== 'clock' || requirePart('faketime', hasFaketime, 'Install faketime.');
    it.skipIf(!present)(`loses, doubles and forgets no study when ${fault}`, (context) => {
      const { status, stdout, stderr } = chaos(`--${option}`, String(rounds));
      expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
      // Whether a file system may be mounted is up to the machine: nothing that could be installed.
      const [, lacking] = /^Not done, (.*)$/m.exec(stdout) ?? [];
      if (lacking && option === 'disk') return context.skip(lacking);
      expect(stdout).toContain(`${rounds} studies. Lost, doubled or stuck: 0.`);
    });
  }
});
