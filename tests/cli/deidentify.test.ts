import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInstance } from '../../src/pacs/header/parse.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { buildFile, mrElements } from '../pacs/buildDicom.js';
import { runCli, temporaryFolder } from '../setup/program.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]) => join(folder.path, ...names);
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSampleStudy(at('sample'));
});
afterAll(() => folder.remove());

const filesIn = async (path: string) =>
  (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.dcm')).sort();

describe('mrimaster deidentify', () => {
  it('writes a study under its new UIDs, the same ones whenever the key is', async () => {
    const { code, stdout } = await runCli(['deidentify', at('sample'), '--out', at('a'), '--key', at('key')]);
    expect(stdout).toContain('Research use only – not for diagnostic use');
    expect(code).toBe(0);
    const names = await filesIn(at('a'));
    expect(names).toHaveLength((await filesIn(at('sample'))).length);
    for (const name of names) {
      const { studyInstanceUid, seriesInstanceUid, sopInstanceUid, patient } = parseInstance(
        await readFile(at('a', name)),
      );
      expect(name).toBe(join(studyInstanceUid, seriesInstanceUid, `${sopInstanceUid}.dcm`));
      expect(patient.name).toBeNull();
    }
    expect((await stat(at('key'))).mode & 0o777).toBe(0o600);

    expect((await runCli(['deidentify', at('sample'), '--out', at('a'), '--key', at('key')])).code).toBe(0);
    await runCli(['deidentify', at('sample'), '--out', at('b'), '--key', at('key')]);
    await runCli(['deidentify', at('sample'), '--out', at('c')], { DATA_DIR: at('data') });
    expect(await filesIn(at('a'))).toEqual(names);
    expect(await filesIn(at('b'))).toEqual(names);
    expect(await filesIn(at('c'))).not.toEqual(names);
    expect((await stat(at('data', 'deidentification.key'))).size).toBe(65);
  });

  it('names each file that it refuses, with the reason, and ends with 1', async () => {
    await cp(at('sample'), at('mixed'), { recursive: true });
    await writeFile(at('mixed', 'capture.dcm'), buildFile(mrElements({ '00280301': ['CS', 'YES'] })));
    await writeFile(at('mixed', 'twin.dcm'), buildFile(mrElements({ '00080018': ['UI', '1.2.3.5'] })));
    await writeFile(
      at('mixed', 'twin2.dcm'),
      buildFile(mrElements({ '00080018': ['UI', '1.2.3.5'], '00080070': ['LO', 'X'] })),
    );
    const out = at('mixed', 'out');
    const { code, stdout } = await runCli(['deidentify', at('mixed'), '--out', out, '--key', at('key')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/capture\.dcm: refused – .*burned into the pixels/);
    expect(stdout).toMatch(/twin2\.dcm: refused – Another object/);
    const found = (await filesIn(at('sample'))).length + 3;
    expect(stdout).toContain(`${found - 2} of ${found} objects written`);
    await rm(out, { recursive: true });
  });

  it('keeps the key out of what is given away, and does not take anything for a key', async () => {
    const inside = await runCli(['deidentify', at('sample'), '--out', at('d'), '--key', at('d', 'key')]);
    expect(inside).toMatchObject({ code: 1, stderr: expect.stringContaining('must not lie in the folder') });
    await writeFile(at('short'), 'secret');
    const wrong = await runCli(['deidentify', at('sample'), '--out', at('d'), '--key', at('short')]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('holds no key') });
  });
});
