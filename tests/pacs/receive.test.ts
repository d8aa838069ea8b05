import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFiles } from '../../src/pacs/findFiles.js';
import { locateDataSet } from '../../src/pacs/header/locateDataSet.js';
import { clearPartials, receiveBytes } from '../../src/pacs/receive.js';
import { requirePart } from '../setup/requirements.js';
import { buildFile, mrElements, us } from './buildDicom.js';
import { filesOf, hasStudies } from './sharedData.js';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'receive-'));
});
afterEach(() => rm(directory, { recursive: true }));

const file = buildFile(mrElements());
const PATH = '1.2.3/1.2.3.1/1.2.3.4.dcm';
/** Of the data set alone: group 0002 differs between two ways that an object came. */
const sha256 = (bytes: Uint8Array) =>
  createHash('sha256')
    .update(bytes.subarray(locateDataSet(bytes).offset))
    .digest('hex');
const partials = () => readdir(join(directory, '.partial'));
async function* inPieces(bytes: Uint8Array, size = 100) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('receiveBytes', () => {
  it('keeps bytes exactly as they came, under their UIDs', async () => {
    const received = await receiveBytes(inPieces(file), directory);
    expect(received).toMatchObject({
      path: PATH,
      bytes: file.length,
      sha256: sha256(file),
      duplicate: false,
      conflict: false,
    });
    expect(received.instance).toMatchObject({ sopInstanceUid: '1.2.3.4', rows: 2 });
    expect((await readFile(join(directory, PATH))).equals(file)).toBe(true);
    expect(await partials()).toEqual([]);
  });

  it('takes the same bytes twice as one', async () => {
    await receiveBytes(file, directory);
    expect(await receiveBytes(file, directory)).toMatchObject({ path: PATH, duplicate: true, conflict: false });
    expect(await readdir(join(directory, '1.2.3/1.2.3.1'))).toEqual(['1.2.3.4.dcm']);
  });

  it('keeps other bytes with the same UID beside the first, and says so', async () => {
    const other = buildFile(mrElements({ '7FE00010': ['OW', us(9, 9, 9, 9)] }));
    await receiveBytes(file, directory);
    const conflict = await receiveBytes(other, directory);
    const path = `1.2.3/1.2.3.1/1.2.3.4.${sha256(other).slice(0, 12)}.dcm`;
    expect(conflict).toMatchObject({ path, duplicate: false, conflict: true });
    expect(await receiveBytes(other, directory)).toMatchObject({ path, duplicate: true, conflict: true });
    expect((await readFile(join(directory, PATH))).equals(file)).toBe(true);
    expect((await readFile(join(directory, path))).equals(other)).toBe(true);
  });

  it('loses nothing when both come at once', async () => {
    const versions = Array.from({ length: 8 }, (_, value) =>
      buildFile(mrElements({ '7FE00010': ['OW', us(value, 0, 0, 0)] })),
    );
    const all = await Promise.all([...versions, ...versions].map((bytes) => receiveBytes(inPieces(bytes), directory)));
    expect(all.filter(({ conflict, duplicate }) => !conflict && !duplicate)).toHaveLength(1);
    expect(all.filter(({ duplicate }) => duplicate)).toHaveLength(8);
    for (const { path, sha256: expected } of all) expect(sha256(await readFile(join(directory, path)))).toBe(expected);
  });

  it.each([
    ['noise', Buffer.alloc(1000, 7)],
    ['nothing', Buffer.alloc(0)],
    ['half a header', file.subarray(0, 300)],
    ['a UID that climbs out of the directory', buildFile(mrElements({ '0020000D': ['UI', '../../../tmp/evil'] }))],
  ])('refuses %s and leaves nothing', async (_, bytes) => {
    await expect(receiveBytes(bytes, directory)).rejects.toMatchObject({ code: 'INVALID_DICOM' });
    expect(await readdir(directory)).toEqual(['.partial']);
    expect(await partials()).toEqual([]);
  });

  it('leaves nothing of a source that breaks off, and passes its error on', async () => {
    const broken = (async function* () {
      yield file.subarray(0, 200);
      throw new Error('connection lost');
    })();
    await expect(receiveBytes(broken, directory)).rejects.toThrow('connection lost');
    expect(await readdir(directory)).toEqual(['.partial']);
    expect(await partials()).toEqual([]);
  });

  it('stops at the allowed size', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(1024);
    })();
    await expect(receiveBytes(endless, directory, { maxBytes: 100_000 })).rejects.toMatchObject({
      code: 'PACS_BAD_ANSWER',
    });
    expect(await partials()).toEqual([]);
  });

  it('reads a header larger than its first look at the file, whatever the size of the pixels', async () => {
    const large = buildFile(
      mrElements({ '00091001': ['OB', Buffer.alloc(3_000_000)], '7FE00010': ['OW', Buffer.alloc(5_000_000)] }),
    );
    expect((await receiveBytes(inPieces(large, 65_536), directory)).instance.rows).toBe(2);
  });

  it.skipIf(!hasStudies)('keeps real files byte for byte', async () => {
    for (const path of filesOf('tech_j2k_lossless_dev', 'S1').slice(0, 3)) {
      const received = await receiveBytes(createReadStream(path), directory);
      expect((await readFile(join(directory, received.path))).equals(await readFile(path))).toBe(true);
    }
  });

  const hasMount = requirePart(
    'a file system of our own',
    spawnSync('unshare', ['--mount', 'true']).status === 0,
    'Mounting needs root (or CAP_SYS_ADMIN).',
  );

  it.skipIf(!hasMount)('says that the disk is full, and leaves room and no partial file', async () => {
    const receiver = new URL('../../dist/pacs/receive.js', import.meta.url).href;
    const program = `
      import { receiveBytes } from ${JSON.stringify(receiver)};
      import { readdirSync } from 'node:fs';
      async function* source() { for (let i = 0; i < 4000; i++) yield Buffer.alloc(1024); }
      const outcome = await receiveBytes(source(), process.argv[1]).catch((error) => error);
      console.log(JSON.stringify([outcome.code, outcome.message, readdirSync(process.argv[1] + '/.partial')]));`;
    const mounted = `mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" --input-type=module -e "$3" "$1"`;
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', mounted, 'sh', directory, process.execPath, program],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(['STORAGE_FULL', expect.stringContaining('Free space'), []]);
  });
});

describe('clearPartials', () => {
  it('deletes what killed processes left, and nothing of a living one', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    await mkdir(join(directory, '.partial'));
    for (const pid of [dead, process.ppid, process.pid])
      await writeFile(join(directory, '.partial', `${pid}-x.part`), 'half');
    expect(await clearPartials(directory)).toBe(2);
    expect(await partials()).toEqual([`${process.ppid}-x.part`]);
    expect(await clearPartials(join(directory, 'never used'))).toBe(0);
  });
});

describe('findFiles', () => {
  it('finds DICOM files by their content, in the order of their names, and counts the others', async () => {
    const write = (name: string, bytes: Uint8Array | string) => writeFile(join(directory, name), bytes);
    await mkdir(join(directory, 'b/c'), { recursive: true });
    await write('b/c/IM1', file);
    await write('a.txt', file);
    await write('b/bare', file.subarray(132 + 8 + 4 + 8 + 20));
    await write('notes.dcm', 'not DICOM, whatever the name says');
    await write('empty.dcm', '');
    const index = buildFile({ '00020002': ['UI', '1.2.840.10008.1.3.10'], ...mrElements() });
    await write('DICOMDIR', index);
    await symlink(directory, join(directory, 'b/loop'));
    await symlink(join(directory, 'nowhere'), join(directory, 'b/dangling'));
    const tally = { found: 0, skipped: 0 };
    const found: string[] = [];
    for await (const path of findFiles(directory, tally)) found.push(path.slice(directory.length + 1));
    expect(found).toEqual(['a.txt', 'b/bare', 'b/c/IM1']);
    expect(tally).toEqual({ found: 3, skipped: 4 });
  });

  it('takes a file as well as a folder, and fails where there is neither', async () => {
    await writeFile(join(directory, 'one'), file);
    const found: string[] = [];
    for await (const path of findFiles(join(directory, 'one'))) found.push(path);
    expect(found).toEqual([join(directory, 'one')]);
    await expect(findFiles(join(directory, 'none')).next()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
