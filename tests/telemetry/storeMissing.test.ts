import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Program, REPOSITORY, startProgram, temporaryFolder } from '../setup/program.js';
import { requirePart } from '../setup/requirements.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

const probe = async () => (await fetch(`${program.server.url}/readyz`)).json();

it('is unready as long as nothing can be kept, and leaves nothing behind where it tries', async () => {
  const { receivedDir } = program.context;
  expect(await probe()).toEqual({ status: 'ready' });
  await rename(receivedDir, `${receivedDir}-away`);
  await writeFile(receivedDir, 'a file where the folder was');
  expect(await probe()).toMatchObject({ missing: [{ part: 'store', code: 'STORE_NOT_WRITABLE' }] });
  await rm(receivedDir);
  await rename(`${receivedDir}-away`, receivedDir);
  expect(await probe()).toEqual({ status: 'ready' });
  expect(await readdir(join(receivedDir, '.partial'))).toEqual([]);
});

const mayMount = requirePart(
  'a file system of our own',
  spawnSync('unshare', ['--mount', 'true']).status === 0,
  'Mounting needs root (or CAP_SYS_ADMIN).',
);

it.skipIf(!mayMount)('is unready with a full disk, and with one that is mounted to be read only', async () => {
  const script = `import { storeMissing } from '${join(REPOSITORY, 'dist/telemetry/storeMissing.js')}';
    console.log((await storeMissing(process.argv[1]))?.code);`;
  const at = join(folder.path, 'mounted');
  await mkdir(at);
  const codeWith = (prepare: string) => {
    const command = `mount -t tmpfs -o size=64m tmpfs "$1" && ${prepare} && exec "$2" --input-type=module -e "$3" "$1"`;
    const { stderr, stdout } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', command, 'sh', at, process.execPath, script],
      {
        encoding: 'utf8',
      },
    );
    return stdout.trim() || stderr;
  };
  expect(codeWith('true')).toBe('undefined');
  expect(codeWith('head -c 60000000 /dev/zero > "$1/large"')).toBe('STORAGE_FULL');
  expect(codeWith('{ head -c 80000000 /dev/zero > "$1/large" 2>/dev/null || true; }')).toBe('STORAGE_FULL');
  expect(codeWith('mount -o remount,ro "$1"')).toBe('STORE_NOT_WRITABLE');
});
