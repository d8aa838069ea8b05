import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY, temporaryFolder, until, userEnvironment } from './setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

describe('starting the program', () => {
  const start = () => spawnSync(join(folder.path, 'bin/mrimaster.js'), ['--version'], { encoding: 'utf8' });
  beforeAll(async () => {
    for (const name of ['bin', 'dist', 'src']) await mkdir(join(folder.path, name));
    await copyFile(join(REPOSITORY, 'bin/mrimaster.js'), join(folder.path, 'bin/mrimaster.js'));
    await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder.path, 'dist/cli.js'), "console.log('as it was built')");
  });

  it('compiles nothing, however new a source is', async () => {
    await writeFile(join(folder.path, 'src/newer.ts'), 'what does not compile');
    expect(start()).toMatchObject({ status: 0, stdout: 'as it was built\n', stderr: '' });
    expect(await readdir(join(folder.path, 'dist'))).toEqual(['cli.js']);
  });

  it('is refused where a migration came after the build, before it touches the database', async () => {
    const migrations = join(folder.path, 'prisma/migrations');
    await mkdir(join(migrations, '1_first'), { recursive: true });
    await writeFile(join(folder.path, 'dist/migrations.json'), '["1_first"]');
    expect(start()).toMatchObject({ status: 0, stdout: 'as it was built\n' });
    await mkdir(join(migrations, '2_second'));
    expect(start()).toMatchObject({ status: 1, stdout: '' });
    expect(start().stderr).toContain('migration 2_second. Run `npm run build`.');
  });

  it('names the command that builds it where that was never done', async () => {
    await rm(join(folder.path, 'dist'), { recursive: true });
    expect(start()).toMatchObject({ status: 1, stdout: '' });
    expect(start().stderr).toBe('MRIMaster is not built: dist/ is missing. Run `npm ci`.\n');
    await mkdir(join(folder.path, 'node_modules'));
    expect(start().stderr).toBe('MRIMaster is not built: dist/ is missing. Run `npm run build`.\n');
  });
});

describe('npm run dev', () => {
  it('builds, starts the server anew at each change of a source, and ends it on Ctrl-C', async () => {
    const child = spawn(process.execPath, [join(REPOSITORY, 'scripts/dev.mjs')], {
      env: userEnvironment({ PORT: '0', DICOM_PORT: 'off', DATA_DIR: join(folder.path, 'data') }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    const servers = (count: number) =>
      until(
        async () => [...log.matchAll(/(http:\S+)\/graphql/g)].map(([, url]) => url as string),
        (urls) => urls.length >= count || child.exitCode !== null,
      );
    await servers(1);
    await utimes(join(REPOSITORY, 'src/cli.ts'), new Date(), new Date());
    const [before, after] = await servers(2);
    await expect(fetch(`${before}/healthz`)).rejects.toThrow();
    expect((await fetch(`${after}/healthz`)).status).toBe(200);

    const ended = once(child, 'exit');
    child.kill('SIGINT');
    child.kill('SIGINT'); // npm and the terminal each pass it on
    expect(await ended).toEqual([0, null]);
    await expect(fetch(`${after}/healthz`)).rejects.toThrow();
  });
});

describe('an installation', () => {
  it('without development dependencies has all that src/ and its build import', async () => {
    const { dependencies } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    const sources = (await readdir(join(REPOSITORY, 'src'), { recursive: true })).filter((name) =>
      name.endsWith('.ts'),
    );
    const paths = [...sources.map((name) => `src/${name}`), 'scripts/build.mjs', 'scripts/generateClient.mjs'];
    const texts = await Promise.all(paths.map((path) => readFile(join(REPOSITORY, path), 'utf8')));
    const imports = /(?:\bfrom |\bimport |\bimport\(|\brequire\()'(?!node:)((?:@[\w-]+\/)?[\w-][\w.-]*)/g;
    const imported = new Set(texts.flatMap((text) => [...text.matchAll(imports)].map(([, name]) => name as string)));
    const lacking = [...imported].filter((name) => !(name in dependencies));
    expect(imported).toContain('fastify');
    expect(lacking).toEqual([]);
    expect(dependencies).toHaveProperty('typescript');
  });

  it('has no setting that npm does not know', () => {
    const { status, stderr } = spawnSync('npm', ['config', 'list'], { cwd: REPOSITORY, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stderr).not.toContain('project config');
  });

  it('runs no install script that is denied, and warns of no engine: package-lock.json says so to every npm', () => {
    const check = [join(REPOSITORY, 'scripts/amendLock.mjs'), '--check'];
    expect(spawnSync(process.execPath, check, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});
