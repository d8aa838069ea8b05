import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { runCli, spawnProgram, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  dataDir = join(folder.path, 'data');
  await chmod(folder.path, 0o755);
  process.umask(0o022);
});
afterAll(() => folder.remove());

/** Everything of DATA_DIR that others may do anything with. */
async function open(path = dataDir): Promise<string[]> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return [];
  const mode = found.mode & 0o777;
  const own = mode & (found.isFile() ? 0o177 : 0o077) ? [`${path} ${mode.toString(8)}`] : [];
  if (!found.isDirectory()) return own;
  return own.concat(...(await Promise.all((await readdir(path)).map((name) => open(join(path, name))))));
}

it('nothing of DATA_DIR is open to other accounts, whatever the umask is', async () => {
  await writeSampleStudy(join(folder.path, 'sample'));
  const { child } = await spawnProgram({ DATA_DIR: dataDir });
  expect((await runCli(['import', join(folder.path, 'sample')], { DATA_DIR: dataDir })).code).toBe(0);
  expect(await open()).toEqual([]);
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(await open()).toEqual([]);
});

it('an older DATA_DIR, open to everybody, is closed at the next start, which says so once', async () => {
  const outside = join(folder.path, 'outside');
  await writeFile(outside, 'somebody else’s');
  await chmod(outside, 0o644);
  spawnSync('chmod', ['-R', 'a+rwx', dataDir]);
  await symlink(outside, join(dataDir, 'link'));
  expect((await open()).length).toBeGreaterThan(20);
  for (const said of [/\d+ files and folders of .* were open to other accounts/, /^(?!.*were open)/s]) {
    const { child, log } = await spawnProgram({ DATA_DIR: dataDir });
    expect(await open()).toEqual([]);
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(log()).toMatch(said);
  }
  expect((await lstat(outside)).mode & 0o777).toBe(0o644);
});
