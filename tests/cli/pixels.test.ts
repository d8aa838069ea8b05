import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildFile, mrElements, us } from '../pacs/buildDicom.js';
import { filesOf, hasPydicom, hasStudies, runReference } from '../pacs/sharedData.js';
import { runCli } from '../setup/program.js';

const folder = mkdtempSync(join(tmpdir(), 'pixels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = join(folder, 'out.raw');
const write = (bytes: Uint8Array) => {
  const path = join(folder, 'in.dcm');
  writeFileSync(path, bytes);
  return path;
};

describe('mrimaster pixels', () => {
  it('writes the stored values of one frame, sign extended, and says what they are', async () => {
    const file = write(
      buildFile(
        mrElements({
          '00280008': ['IS', '2'],
          '00280101': ['US', us(12)],
          '00280102': ['US', us(11)],
          '00280103': ['US', us(1)],
          '7FE00010': ['OW', us(0, 0, 0, 0, 0x0fff, 0x0800, 0xf001, 7)],
        }),
      ),
    );
    const { code, stdout, stderr } = await runCli(['pixels', file, '--frame', '2', '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      rows: 2,
      columns: 2,
      samples: 1,
      type: 'int16',
      bitsStored: 12,
      photometricInterpretation: 'MONOCHROME2',
      colourSpace: 'MONOCHROME2',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      numberOfFrames: 2,
    });
    expect(readFileSync(out)).toEqual(Buffer.from(us(-1, -2048, 1, 7)));
  });

  it('names samples by pixel for colour', async () => {
    const file = write(
      buildFile(
        mrElements({
          '00280002': ['US', us(3)],
          '00280004': ['CS', 'RGB'],
          '00280006': ['US', us(1)],
          '00280100': ['US', us(8)],
          '00280101': ['US', us(8)],
          '00280102': ['US', us(7)],
          '7FE00010': ['OB', Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
        }),
      ),
    );
    const { stdout } = await runCli(['pixels', file, '--out', out]);
    expect(JSON.parse(stdout)).toMatchObject({ samples: 3, type: 'uint8', photometricInterpretation: 'RGB' });
    expect([...readFileSync(out)]).toEqual([1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
  });

  it.each([
    ['no such frame', ['--frame', '2'], 'INVALID_DICOM', 'There is no frame 2'],
    ['a frame that is no number', ['--frame', '1e0'], 'OPTION_INVALID', 'whole number from 1'],
    ['an --out that is the file', ['--out', join(folder, 'in.dcm')], 'OPTION_INVALID', 'Name another file'],
  ])('fails for %s, with a code and a cure', async (_, options, errorCode, message) => {
    const bytes = buildFile(mrElements());
    const file = write(bytes);
    const { code, stdout, stderr } = await runCli(['pixels', file, '--out', out, ...options]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(`(${errorCode})`);
    expect(stderr).not.toContain('    at ');
    expect(readFileSync(file)).toEqual(bytes);
  });

  it.each([
    ['damaged pixels', buildFile(mrElements()).subarray(0, -2), 'UNDECODABLE_PIXELS'],
    ['an unsupported syntax', buildFile(mrElements(), '1.2.840.10008.1.2.4.112'), 'UNSUPPORTED_TRANSFER_SYNTAX'],
    ['a file that is not DICOM', Buffer.from('no'), 'INVALID_DICOM'],
  ])('fails for %s, and writes nothing', async (_, bytes, errorCode) => {
    rmSync(out, { force: true });
    const { code, stderr } = await runCli(['pixels', write(bytes), '--out', out]);
    expect(code).toBe(1);
    expect(stderr).toContain(`(${errorCode})`);
    expect(() => readFileSync(out)).toThrow('ENOENT');
  });

  it('fails for a file that is not there, and for a folder', async () => {
    const absent = await runCli(['pixels', join(folder, 'absent'), '--out', out]);
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no file or folder') });
    const aFolder = await runCli(['pixels', folder, '--out', out]);
    expect(aFolder).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a file') });
  });

  it.skipIf(!hasStudies || !hasPydicom)("writes pydicom's values of compressed and of Enhanced files", async () => {
    const cases = ['tech_jpegls_lossless_dev', 'tech_j2k_lossless_dev', 'ood_noise_mr_philips_enh'];
    const files = cases.flatMap((name) => filesOf(name, 'S1').at(0) ?? []);
    const references = runReference<{ path: string; frames: string[] }>('storedValues.py', [], files.join('\n'));
    for (const { path, frames } of references) {
      const frame = frames.length;
      expect(await runCli(['pixels', path, '--frame', String(frame), '--out', out])).toMatchObject({ code: 0 });
      expect(createHash('sha256').update(readFileSync(out)).digest('hex')).toBe(frames[frame - 1]);
    }
  });
});
