import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { MrimasterError } from '../../../src/errors/errors.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { parseFile } from '../../../src/pacs/header/parseFile.js';
import { readSlice } from '../../../src/pacs/pixels/readSlice.js';
import { patience } from '../../setup/patience.js';
import { buildDataSet, buildFile, buildMeta, type Elements, fd, itemHeader, mrElements, us } from '../buildDicom.js';
import { hasPydicom, hasStudies, runReference, studies } from '../sharedData.js';

const folder = mkdtempSync(join(tmpdir(), 'parse-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasPydicom)('text', () => {
  it('is decoded by the character sets of the instance, as pydicom decodes it', () => {
    const references = runReference<{ path: string; terms: string; name: string }>('characterSets.py', [folder]);
    const names = references.map(({ path }) => parseInstance(readFileSync(path)).patient.name);
    expect(names).toEqual(references.map(({ name }) => name));
    expect(names.length).toBeGreaterThan(15);
  });
});

describe.skipIf(!hasPydicom || !hasStudies)('headers of real series', () => {
  it("equal pydicom's in every file", async () => {
    type Reference = { path: string; header: Record<string, unknown>; frames: unknown[] };
    const paths = readdirSync(studies, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.dcm'));
    const input = paths.map((path) => join(studies, path)).join('\n');
    const references = runReference<Reference>('headers.py', [], input);
    for (const { path, header, frames } of references) {
      const instance = await parseFile(path);
      const { patient, ...rest } = instance;
      expect({ ...rest, patientName: patient.name, patientId: patient.id }, path).toMatchObject(header);
      expect(instance.frames, path).toMatchObject(frames);
    }
    expect(references.length).toBeGreaterThan(1000);
  });
});

const uids = { sopInstanceUid: '1.2.3.4', studyInstanceUid: '1.2.3', seriesInstanceUid: '1.2.3.1' };

describe('parseInstance', () => {
  it('reads GB 2312 names, which pydicom cannot write', () => {
    // PS3.5 K.2
    const name = Buffer.from('Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=', 'latin1');
    const file = buildFile(mrElements({ '00080005': ['CS', '\\ISO 2022 IR 58'], '00100010': ['PN', name] }));
    expect(parseInstance(file).patient.name).toBe('Zhang^XiaoDong=张^小东=');
  });

  it('reads names in an unknown or undeclared character set without failing', () => {
    const latin = Buffer.from('M\xfcller', 'latin1');
    const named = (set: string) => mrElements({ '00080005': ['CS', set], '00100010': ['PN', latin] });
    expect(parseInstance(buildFile(named('ISO_IR 999'))).patient.name).toBe('Müller');
    expect(parseInstance(buildFile(mrElements({ '00100010': ['PN', latin] }))).patient.name).toBe('Müller');
  });

  it('reads a data set without preamble and file meta information', () => {
    const bare = parseInstance(buildDataSet(mrElements()));
    expect(bare).toMatchObject({ ...uids, transferSyntaxUid: '1.2.840.10008.1.2.1' });
    const withoutPreamble = buildFile(mrElements()).subarray(132);
    expect(parseInstance(withoutPreamble)).toMatchObject(uids);
  });

  it('reads deflated data sets, and refuses those that inflate without end', () => {
    const syntax = '1.2.840.10008.1.2.1.99';
    const deflated = (content: Uint8Array) => Buffer.concat([buildMeta(syntax), deflateRawSync(content)]);
    expect(parseInstance(deflated(buildDataSet(mrElements())))).toMatchObject({ ...uids, transferSyntaxUid: syntax });
    const bomb = deflated(Buffer.alloc(300 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    expect(() => parseInstance(bomb)).toThrow(/larger than \d+ MiB/);
    const behindAnImage = deflated(Buffer.concat([buildDataSet(mrElements()), Buffer.alloc(12 * 1024 * 1024)]));
    expect(() => parseInstance(behindAnImage)).toThrow('larger than its header declares');
    const padded = deflated(Buffer.concat([buildDataSet(mrElements()), Buffer.alloc(1000)]));
    expect(parseInstance(padded)).toMatchObject(uids); // what may stand behind the pixels
  });

  it('believes the first element where the transfer syntax contradicts it', () => {
    const file = buildFile(mrElements(), '1.2.840.10008.1.2');
    expect(parseInstance(file)).toMatchObject({ ...uids, transferSyntaxUid: '1.2.840.10008.1.2.1' });
  });

  it('reads elements of 64-bit VRs and the ones behind them', () => {
    const file = buildFile(mrElements({ '00080001': ['OV', Buffer.alloc(16)] }));
    expect(parseInstance(file)).toMatchObject(uids);
  });

  it('takes Enhanced attributes from the frame, else from the shared groups, else from the top level', () => {
    const spacing = (value: string): Elements => ({ '00289110': ['SQ', [{ '00280030': ['DS', value] }]] });
    const position = (z: number): Elements => ({ '00209113': ['SQ', [{ '00200032': ['DS', `0\\0\\${z}`] }]] });
    const file = buildFile(
      mrElements({
        '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.4.1'],
        '00280008': ['IS', '2'],
        '00281050': ['DS', '40'],
        '00281051': ['DS', '400'],
        '52009229': [
          'SQ',
          [
            {
              ...spacing('0.5\\0.25'),
              '00289145': ['SQ', [{ '00281052': ['DS', '-7'], '00281053': ['DS', '2'] }]],
              '00209116': ['SQ', [{ '00200037': ['DS', '1\\0\\0\\0\\1\\0'] }]],
            },
          ],
        ],
        '52009230': [
          'SQ',
          [position(1), { ...position(2), ...spacing('3\\4'), '00189114': ['SQ', [{ '00189082': ['FD', fd(12.5)] }]] }],
        ],
        '7FE00010': ['OW', us(0, 1, 2, 3, 4, 5, 6, 7)],
      }),
    );
    const common = {
      imageOrientationPatient: [1, 0, 0, 0, 1, 0],
      rescale: { slope: 2, intercept: -7 },
      window: { center: 40, width: 400, function: 'LINEAR' },
    };
    expect(parseInstance(file).frames).toMatchObject([
      { ...common, frameNumber: 1, imagePositionPatient: [0, 0, 1], pixelSpacing: [0.5, 0.25], echoTime: null },
      { ...common, frameNumber: 2, imagePositionPatient: [0, 0, 2], pixelSpacing: [3, 4], echoTime: 12.5 },
    ]);
  });

  it.each<[string, Elements]>([
    ['a path', { '00080018': ['UI', '../../etc/passwd'] }],
    ['an empty component', { '0020000D': ['UI', '1..2'] }],
    ['more than 64 characters', { '00080018': ['UI', `1.${'2'.repeat(64)}`] }],
    ['a zero byte inside', { '00080018': ['UI', '1.2\0/../3'] }],
    ['nothing', { '0020000D': ['UI', ''] }],
  ])('refuses a UID that is or has %s, and does not repeat it', (_, elements) => {
    const value = Object.values(elements)[0]?.[1] as string;
    try {
      parseInstance(buildFile(mrElements(elements)));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_DICOM' });
      if (value) expect((error as Error).message).not.toContain(value);
    }
  });

  it.each(['-1', '99999999999', '2147483647', 'x', '1.5'])('refuses %s frames', (number) => {
    const file = buildFile(mrElements({ '00280008': ['IS', number] }));
    expect(() => parseInstance(file)).toThrow(expect.objectContaining({ code: 'INVALID_DICOM' }));
  });

  it('treats malformed optional values as absent', () => {
    const file = buildFile(
      mrElements({
        '00200013': ['IS', '12x'],
        '00200032': ['DS', '1\\2'],
        '00200037': ['DS', '1\\1\\1\\1\\1\\1'],
        '00280030': ['DS', '0\\-1'],
        '00281050': ['DS', '40'],
        '00281051': ['DS', '0'],
        '00189087': ['FD', Buffer.alloc(4)],
      }),
    );
    expect(parseInstance(file)).toMatchObject({ instanceNumber: null });
    expect(parseInstance(file).frames[0]).toMatchObject({
      imagePositionPatient: null,
      imageOrientationPatient: null,
      pixelSpacing: null,
      window: null,
      diffusionBValue: null,
    });
  });

  it('reads objects that are no images as having no frames', () => {
    const { '00280010': _, '00280011': __, '7FE00010': ___, ...report } = mrElements();
    expect(parseInstance(buildFile(report))).toMatchObject({ rows: null, numberOfFrames: 0, frames: [] });
  });
});

describe('hostile headers', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_DICOM' });
  const file = buildFile(
    mrElements({ '00100010': ['PN', 'Secret^Patient'], '00400275': ['SQ', [{ '00400007': ['LO', 'x'] }]] }),
  );
  const pixelsAt = file.indexOf(Buffer.from('e07f1000', 'hex'));

  it('cut off anywhere never give a slice: refused, or, between two elements, an object without pixels', async () => {
    let refused = 0;
    for (let length = 0; length < file.length; length++) {
      const cut = file.subarray(0, length);
      await expect(readSlice(cut, 1), `${length} bytes`).rejects.toBeInstanceOf(MrimasterError);
      try {
        expect(parseInstance(cut)).toMatchObject(uids);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_DICOM' });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0.8 * pixelsAt);
  });

  it('with any one byte changed give an instance or InvalidDicom, and no patient data in the message', () => {
    for (let at = 128; at < file.length; at++) {
      for (const value of [0x00, 0x7f, 0xff]) {
        const changed = Buffer.from(file);
        changed[at] = value;
        try {
          parseInstance(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_DICOM' });
          expect((error as Error).message).not.toMatch(/Secret|Patient\^/);
        }
      }
    }
  });

  it('that are noise are refused quickly', () => {
    const noise = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => (index * 2654435761) >>> 24));
    expect(() => parseInstance(noise)).toThrow(invalid);
    expect(() => parseInstance(Buffer.concat([buildMeta('1.2.840.10008.1.2.1'), noise]))).toThrow(invalid);
    expect(() => parseInstance(Buffer.concat([buildMeta('1.2.840.10008.1.2'), noise]))).toThrow(invalid);
  });

  it.each(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'])(
    'of sequences nested without end are refused (%s)',
    (syntax) => {
      const explicit = syntax.endsWith('.1');
      const start = explicit ? '08004011' + '53510000ffffffff' : '08004011ffffffff';
      const level = Buffer.from(`${start}feff00e0ffffffff`, 'hex');
      const nested = Buffer.concat([buildMeta(syntax), ...Array.from({ length: 200_000 }, () => level)]);
      const began = performance.now();
      expect(() => parseInstance(nested)).toThrow(invalid);
      expect(performance.now() - began).toBeLessThan(patience(5000));
    },
  );

  it('of millions of tiny elements are refused before they fill the memory', () => {
    const items = Buffer.alloc(8 * 4_000_000, itemHeader(0));
    const sequence = Buffer.from('08004011535100000000000000', 'hex').subarray(0, 12);
    sequence.writeUInt32LE(items.length, 8);
    const before = process.memoryUsage().rss;
    expect(() => parseInstance(Buffer.concat([buildMeta('1.2.840.10008.1.2.1'), sequence, items]))).toThrow(invalid);
    expect(process.memoryUsage().rss - before).toBeLessThan(1024 * 1024 * 1024);
  });

  it('with a length beyond the file are refused', () => {
    const lying = Buffer.from(file);
    lying.writeUInt32LE(0xfffffff0, lying.indexOf(Buffer.from('40007502', 'hex')) + 8);
    expect(() => parseInstance(lying)).toThrow(invalid);
  });

  it('of sixty thousand frames with long values are read in seconds', () => {
    const long = '1\\'.repeat(400);
    const many = buildFile(
      mrElements({ '00280008': ['IS', '65536'], '00200032': ['DS', long], '00280030': ['DS', long] }),
    );
    const began = performance.now();
    expect(parseInstance(many).frames).toHaveLength(65_536);
    expect(performance.now() - began).toBeLessThan(patience(3000));
  });
});
