import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutUids } from '../src/log.js';
import { REPOSITORY } from './program.js';

it('names no UID, but the standard’s own', () => {
  expect(withoutUids('ENOENT: open /data/1.2.276.0.7230010.3.1.2/1.3.12.2.1107.5.2.dcm.')).toBe(
    'ENOENT: open /data/[UID]/[UID].dcm.',
  );
  expect(withoutUids('(2.25.1.2.3.4, 1.2.840.10008.1.2.4.50)')).toBe('([UID], 1.2.840.10008.1.2.4.50)');
  expect(withoutUids('10.0.0.7:104, 127.0.0.1, MRIMaster 1.2.3, 0.25 s')).toBe(
    '10.0.0.7:104, 127.0.0.1, MRIMaster 1.2.3, 0.25 s',
  );
});

it('hides what an error quotes, at any depth', () => {
  const script = `import { createLog } from '${join(REPOSITORY, 'dist/log.js')}';
    const cause = Object.assign(new Error('Key (1.2.3.4.5.6.7) exists'), { meta: { detail: { uid: '1.2.3.4.5.6.7' } } });
    createLog('info').error({ err: new Error('no 1.2.3.4.5.6.7', { cause }), cause }, 'It failed at 1.2.3.4.5.6.7.');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stderr).toContain('It failed at [UID].');
  expect(stderr).not.toContain('1.2.3.4.5.6.7');
});
