import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StudyNotFound } from '../../src/errors/errors.js';
import { serializeError, withoutUids } from '../../src/output/log.js';
import { REPOSITORY } from '../setup/program.js';

it('names no UID, but the standard’s own', () => {
  expect(withoutUids('ENOENT: open /data/1.2.276.0.7230010.3.1.2/1.3.12.2.1107.5.2.dcm.')).toBe(
    'ENOENT: open /data/[UID]/[UID].dcm.',
  );
  expect(withoutUids('of 01.2.840.113619.2.55.3 and 00.1.2.3.4.5.6')).toBe('of [UID] and [UID]');
  const named = '"classes":["1.3.12.2.1107.5.9.1 in 1.2.3.4.5.6.7"],"studyInstanceUids":["1.2.3.4.5.6","1.2.3.4.5.7"]';
  expect(withoutUids(`{${named},"msg":"1.2.3.4.5.6"}`)).toBe(`{${named},"msg":"[UID]"}`);
  expect(withoutUids('{"msg":"\\"classes\\":[1.2.3.4.5.6"}')).toBe('{"msg":"\\"classes\\":[[UID]"}');
  expect(withoutUids('(2.25.1.2.3.4, 1.2.840.10008.1.2.4.50)')).toBe('([UID], 1.2.840.10008.1.2.4.50)');
  expect(withoutUids('10.0.0.7:104, 127.0.0.1, MRIMaster 1.2.3, 0.25 s')).toBe(
    '10.0.0.7:104, 127.0.0.1, MRIMaster 1.2.3, 0.25 s',
  );
});

it('hides what an error quotes, at any depth', () => {
  const script = `import { createLog } from '${join(REPOSITORY, 'dist/output/log.js')}';
    const cause = Object.assign(new Error('Key (1.2.3.4.5.6.7) exists'), { meta: { detail: { uid: '1.2.3.4.5.6.7' } } });
    createLog('info').error({ err: new Error('no 1.2.3.4.5.6.7', { cause }), cause }, 'It failed at 1.2.3.4.5.6.7.');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stderr).toContain('It failed at [UID].');
  expect(stderr).not.toContain('1.2.3.4.5.6.7');
});

it('writes sentences where a command asks for them, also where no terminal reads', () => {
  const script = `import { createLog } from '${join(REPOSITORY, 'dist/output/log.js')}';
    createLog('warn', true).warn('It was open at 1.2.3.4.5.6.7.');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stderr).toMatch(/WARN.*: .*It was open at \[UID\]\./);
  expect(stderr).not.toContain('{');
});

it('shows the messages of our own failures, and of others what kind they were and where they happened', () => {
  const library = Object.assign(new Error('Value exceeds max length, value: DOE^JOHN\n    at DOE^JOHN (x:1:1)'), {
    code: '22P02',
    detail: 'Key (name)=(DOE^JOHN)',
    meta: { value: 'DOE^JOHN' },
  });
  const cause = new AggregateError([library, 'DOE^JOHN'], 'DOE^JOHN');
  const shown = serializeError(new StudyNotFound('The study is not here.', { cause }));
  expect(shown).toMatchObject({
    type: 'StudyNotFound',
    code: 'STUDY_NOT_FOUND',
    message: 'The study is not here.',
    cause: { type: 'AggregateError', aggregateErrors: [{ type: 'Error', code: '22P02' }, { type: 'string' }] },
  });
  expect(shown.cause?.aggregateErrors?.[0]?.stack).toMatch(/\n +at .*log\.test/);
  expect(JSON.stringify(shown)).not.toContain('DOE');
  const { message } = serializeError(new SyntaxError('Unexpected token D, "DOE^JOHN" is not valid JSON'));
  expect(message).not.toContain('DOE');
  const system = serializeError(
    Object.assign(new Error("ENOENT: open '/mnt/DOE^JOHN'"), { code: 'ENOENT', syscall: 'open' }),
  );
  expect(system).toMatchObject({ code: 'ENOENT', syscall: 'open' });
  expect(JSON.stringify(system)).not.toContain('DOE');
});
