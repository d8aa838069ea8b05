import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { decode, encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { phantomVolume, SAMPLE_SEED } from '../../src/sample/phantom.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { type Answer, REPOSITORY, runCli, temporaryFolder, userEnvironment } from '../setup/program.js';
import { SHIPPED_VERSION } from '../setup/shippedModel.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let sample: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  sample = join(folder.path, 'sample');
  await writeSampleStudy(sample);
});
afterAll(() => folder.remove());

const lines = (stdout: string): Answer[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('mrimaster', () => {
  it('describes itself and each command', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'classify', 'import', 'demo']) expect(stdout).toContain(command);
    expect(stdout).toContain('Research use only – not for diagnostic use');
    for (const command of ['classify', 'import']) expect((await runCli([command, '--help'])).code).toBe(0);
    expect((await runCli(['clasify'])).stderr).toContain('Did you mean classify?');
  });

  it('says what is wrong with the configuration, and no more', async () => {
    const { code, stderr } = await runCli(['serve'], { PORT: 'http', INFERENCE_DEVICE: 'gpu', DATA_DIR: folder.path });
    expect(code).toBe(1);
    expect(stderr).toContain('PORT must be a whole number');
    expect(stderr).toContain('INFERENCE_DEVICE must be one of');
    expect(stderr).not.toContain('    at ');
  });
});

describe('mrimaster classify', () => {
  it('prints one JSON line for each slice of a DICOM file, a PNG and a JPEG of the same slice, and they agree', async () => {
    const mixed = join(folder.path, 'mixed');
    await mkdir(mixed);
    const { pixels, rows, columns } = phantomVolume(SAMPLE_SEED, 22)[8] as Answer;
    const brightest = pixels.reduce((most: number, value: number) => Math.max(most, value), 0);
    const grey = Uint8Array.from(pixels, (value: number) => Math.round((value / brightest) * 255));
    await copyFile(join(sample, 'anatomy-09.dcm'), join(mixed, 'a.dcm'));
    await writeFile(join(mixed, 'b.png'), encode({ width: columns, height: rows, data: grey, channels: 1, depth: 8 }));
    const rgba = Uint8Array.from({ length: grey.length * 4 }, (_, i) => (i % 4 === 3 ? 255 : (grey[i >> 2] as number)));
    await writeFile(join(mixed, 'c.jpg'), jpeg.encode({ width: columns, height: rows, data: rgba }, 95).data);
    await writeFile(join(mixed, 'notes.txt'), 'passed over');

    const { code, stdout } = await runCli(['classify', mixed, '--json']);
    const answers = lines(stdout);
    expect(code).toBe(0);
    expect(answers.map(({ file }) => file)).toEqual(['a.dcm', 'b.png', 'c.jpg'].map((name) => join(mixed, name)));
    for (const answer of answers) {
      expect(Object.keys(answer)).toEqual([
        'file',
        'frameNumber',
        'status',
        'label',
        'confidence',
        'probabilities',
        'abstentionReason',
        'novelty',
      ]);
      expect(answer).toMatchObject({ frameNumber: 1, status: 'CLASSIFIED', label: 'glioma', abstentionReason: null });
      expect(answer.probabilities.glioma).toBe(answer.confidence);
      expect(answer.confidence).toBeCloseTo(answers[0].confidence, 1);
    }
  });

  it('gives no answer about what says that it is no brain MR, or a sequence the model is not made for', async () => {
    const others = join(folder.path, 'others');
    await mkdir(others);
    const anatomy = (await readFile(join(sample, 'anatomy-10.dcm'))).toString('latin1');
    const description = /T1[ -~]{6,}/.exec(anatomy)?.[0] as string;
    const as = (text: string, from: string, to: string) => Buffer.from(text.replace(from, to), 'latin1');
    // Modality (0008,0060), and the description in its own length: the files stay well formed.
    await writeFile(join(others, 'ct.dcm'), as(anatomy, '\b\0`\0CS\x02\0MR', '\b\0`\0CS\x02\0CT'));
    await writeFile(join(others, 'flair.dcm'), as(anatomy, description, 'T2 FLAIR'.padEnd(description.length)));
    const { code, stdout } = await runCli(['classify', others, '--json']);
    expect(code).toBe(0);
    expect(lines(stdout)).toMatchObject([
      { status: 'ABSTAINED', abstentionReason: 'NOT_A_BRAIN_MR' },
      { status: 'ABSTAINED', abstentionReason: 'OUT_OF_DISTRIBUTION' },
    ]);
    const text = await runCli(['classify', join(others, 'ct.dcm')]);
    expect(text.stdout).toContain('No answer (not a brain MR); not relied on: ');
    expect(text.stdout).toContain('0 of 1 slice answered, 1 abstained, 0 failed');
  });

  it('exits with 1 and goes on when a file cannot be read', async () => {
    const broken = join(folder.path, 'broken');
    await mkdir(broken);
    await writeFile(
      join(broken, 'a.png'),
      (await readFile(join(REPOSITORY, 'tests/fixtures/grey.png'))).subarray(0, 60),
    );
    const whole = await readFile(join(sample, 'anatomy-01.dcm'));
    await writeFile(join(broken, 'b.dcm'), whole.subarray(0, whole.length / 2));
    await copyFile(join(sample, 'anatomy-02.dcm'), join(broken, 'c.dcm'));
    const { code, stdout } = await runCli(['classify', broken, '--json']);
    expect(code).toBe(1);
    expect(lines(stdout)).toMatchObject([
      { status: 'FAILED', label: null, failureCode: 'UNDECODABLE_PIXELS' },
      { status: 'FAILED', label: null, failureCode: 'UNDECODABLE_PIXELS' },
      { frameNumber: 1, label: 'no_tumor' },
    ]);
  });

  it.skipIf(process.platform !== 'linux')(
    'follows links, passes an index over, and goes on behind a file that cannot be read',
    async () => {
      const disc = join(folder.path, 'disc');
      await mkdir(disc);
      await symlink(sample, join(disc, 'linked'));
      await symlink('/proc/self/mem', join(disc, 'a-damaged.dcm')); // Linux fails to read it, with EIO
      const index = Buffer.from(await readFile(join(sample, 'anatomy-10.dcm')));
      index.write('1.2.840.10008.1.3.10\0\0\0\0\0', index.indexOf('1.2.840.10008.5.1.4.1.1.4'), 'latin1');
      index.writeUInt16LE(20, index.indexOf('1.2.840.10008.1.3.10') - 2);
      await writeFile(join(disc, 'DICOMDIR'), index);
      const { code, stdout } = await runCli(['classify', disc, '--json']);
      const answers = lines(stdout);
      expect(code).toBe(1);
      expect(answers[0]).toMatchObject({ status: 'FAILED', failureCode: 'FILE_NOT_READABLE' });
      expect(answers.slice(1)).toHaveLength(25);
      expect(answers.slice(1).every(({ status }) => status !== 'FAILED')).toBe(true);
    },
  );

  it('leaves nothing in the home of its user, and calls nobody', async () => {
    const home = join(folder.path, 'home');
    await mkdir(home);
    await runCli(['classify', join(sample, 'anatomy-10.dcm')], { HOME: home, XDG_CACHE_HOME: '' });
    expect(await readdir(home)).toEqual([]);
  });

  it('says so when there is nothing to classify', async () => {
    const none = await runCli(['classify', join(REPOSITORY, 'docs/decisions')]);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('No DICOM, PNG or JPEG file was found');
    const absent = await runCli(['classify', join(folder.path, 'absent')]);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain('There is no file or folder');
    expect(absent.stderr).not.toContain('    at ');
  });
});

describe('mrimaster explain', () => {
  it('prints every map as computed, and draws all of them in one figure', async () => {
    const [figure, overlay] = [join(folder.path, 'figure.png'), join(folder.path, 'overlay.png')];
    const slice = join(sample, 'anatomy-10.dcm');
    const { code, stdout } = await runCli(['explain', slice, '--json', '--figure', figure, '--overlay', overlay]);
    expect(code).toBe(0);
    const maps = lines(stdout);
    expect(maps.length).toBeGreaterThan(20);
    for (const { label, method, rows, columns, values } of maps) {
      expect({ label, method }).toEqual({ label: 'glioma', method: 'GRAD_CAM' });
      expect(values).toHaveLength(rows * columns);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    }
    const drawn = decode(await readFile(figure));
    expect(drawn.width).toBeGreaterThan(maps.length * 128);
    expect(drawn.text?.Description).toBe(`Grad-CAM of "glioma", brain-mri ${SHIPPED_VERSION}`);
    expect(decode(await readFile(overlay)).width).toBe(512);
    const chosen = ['--layer', maps[3].layer, '--method', 'hires-cam', '--label', 'no_tumor'];
    const [one, ...others] = lines((await runCli(['explain', slice, '--json', ...chosen])).stdout);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ layer: maps[3].layer, method: 'HIRES_CAM', label: 'no_tumor' });
  });

  it('names what there is when asked for a layer, a label or a method that is not there', async () => {
    const slice = join(sample, 'anatomy-10.dcm');
    for (const [option, message] of [
      ['--layer', 'Layers: conv1, '],
      ['--label', 'Its labels: '],
      ['--method', 'Methods: GRAD_CAM, '],
    ]) {
      const { code, stderr } = await runCli(['explain', slice, option as string, 'nothing']);
      expect(code).toBe(1);
      expect(stderr).toContain(message);
    }
  });
});

describe('mrimaster import', () => {
  it('keeps the bytes as they came, classifies, and shows the answer; a second time changes nothing', async () => {
    const env = { DATA_DIR: join(folder.path, 'imported') };
    const first = await runCli(['import', sample], env);
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(
      '25 DICOM files of 1 study imported, 0 were here before, 0 other files passed over.',
    );
    expect(first.stdout).toContain('passed over  SYNTHETIC localizer: localizer');
    expect(first.stdout).toMatch(/Answer: glioma, \d+\.\d %/);
    const second = await runCli(['import', sample, '--no-classify'], env);
    expect(second.stdout).toContain('0 DICOM files of 1 study imported, 25 were here before');
    expect(second.code).toBe(0);
  });

  it('says so when a folder holds no DICOM', async () => {
    const { code, stderr } = await runCli(['import', join(REPOSITORY, 'docs/decisions')], {
      DATA_DIR: join(folder.path, 'imported'),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('No DICOM file was found there.');
  });
});

describe('mrimaster demo', () => {
  it('--exit shows the whole way of the synthetic study and exits with 0', async () => {
    const dataDir = join(folder.path, 'demo');
    const { code, stdout } = await runCli(['demo', '--exit'], { DATA_DIR: dataDir, PORT: '0' });
    expect(code).toBe(0);
    expect(stdout).toContain('Classifying 100 %');
    expect(stdout).toMatch(/The study’s answer: glioma, confidence \d+\.\d %/);
    expect(stdout).toContain('Research use only – not for diagnostic use. The study is synthetic.');
    expect(stdout).not.toContain('http:'); // the server has ended by the time that somebody reads it
    expect(stdout).toContain(join(dataDir, 'demo-overlay.png'));
    const overlay = decode(await readFile(join(dataDir, 'demo-overlay.png')));
    expect([overlay.width, overlay.channels]).toEqual([512, 3]);
    expect(overlay.height).toBeGreaterThan(512); // its legend below it
    expect(new Set(overlay.data).size).toBeGreaterThan(50);
  });

  it('says so when its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await runCli(['demo', '--exit'], {
      DATA_DIR: join(folder.path, 'demo'),
      PORT: String(port),
    });
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} of 127.0.0.1 is taken`);
    expect(stderr).not.toContain('    at ');
  });
});

describe('mrimaster serve', () => {
  it('closes everything on SIGTERM', async () => {
    const dataDir = join(folder.path, 'served');
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/cli.js'), 'serve'], {
      env: userEnvironment({ DATA_DIR: dataDir, PORT: '0' }),
      cwd: REPOSITORY,
    });
    let log = '';
    for await (const chunk of child.stderr) {
      log += chunk;
      if (!child.killed && log.includes('/graphql')) child.kill('SIGTERM');
    }
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    expect(code).toBe(143);
    expect(log).toContain('Research use only');
    await expect(stat(join(dataDir, 'postgres/postmaster.pid'))).rejects.toThrow('ENOENT');
  });
});
