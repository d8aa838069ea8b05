import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEnvFile } from '../../src/config/loadEnvFile.js';
import { REPOSITORY, temporaryFolder, userEnvironment } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, '.env');
});
afterAll(async () => {
  delete process.env.LOAD_ENV_TEST;
  await folder.remove();
});

const load = (text: string) => {
  delete process.env.LOAD_ENV_TEST;
  writeFileSync(path, text);
  loadEnvFile(path);
  return process.env.LOAD_ENV_TEST;
};

describe('a file .env', () => {
  it.each([
    ['plain', 'plain'],
    ["'a#b'", 'a#b'],
    ['"a#b\'c"', "a#b'c"],
    ['`a"\'#b`', 'a"\'#b'],
    ['value # a comment', 'value'],
    ["'value' # a comment", 'value'],
    ['', ''],
    ['# only a comment', ''],
    ['postgres://u:p@h/d?x=1', 'postgres://u:p@h/d?x=1'],
  ])('gives %s whole', (written, value) => {
    expect(load(`# LOAD_ENV_TEST=not#this\nLOAD_ENV_TEST=${written}\n`)).toBe(value);
  });

  it.each(['secret#1', 'secret#', "'it's secret'", '"a"b"', '"never closed', "'x' y", 'se#cr#et # comment'])(
    'is refused where Node.js would cut a value without a word, and the value is not repeated: %s',
    (written) => {
      const cut = parseEnv(`LOAD_ENV_TEST=${written}\nNEXT="x"\n`).LOAD_ENV_TEST;
      expect(cut).not.toBe(written);
      let message = '';
      try {
        load(`OTHER=x\nLOAD_ENV_TEST=${written}\n`);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toContain('line 2, LOAD_ENV_TEST: ');
      expect(message).not.toContain(written);
    },
  );

  it('that is refused ends the program in a sentence, before it starts anything', () => {
    writeFileSync(path, 'PACS_PASSWORD=sec#ret\n');
    const cli = join(REPOSITORY, 'dist/cli.js');
    const { status, stderr } = spawnSync(process.execPath, [cli, 'doctor'], {
      cwd: folder.path,
      env: userEnvironment({}),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^\nThe file \.env holds values that would be cut:\n {2}- line 1, PACS_PASSWORD: /);
    expect(stderr).not.toContain('sec#ret');
    expect(stderr).not.toContain(' at ');
  });
});
