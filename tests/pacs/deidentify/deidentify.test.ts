import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BurnedInAnnotation, CannotDeidentify, InvalidDicom, MrimasterError } from '../../../src/errors/errors.js';
import { deidentifyInstance } from '../../../src/pacs/deidentify/deidentifyInstance.js';
import { PROFILE } from '../../../src/pacs/deidentify/profile.js';
import { parseInstance } from '../../../src/pacs/header/parse.js';
import { isUid } from '../../../src/pacs/header/uid.js';
import { buildDataSet, buildFile, buildMeta, type Elements, itemHeader, mrElements, us } from '../buildDicom.js';
import { hasPydicom, runReference } from '../sharedData.js';
import { buildSeededFile, createSeeds, hexOf, KEPT_SEQUENCE, type Seeds, seedEveryRow } from './seededInstance.js';

const KEY = Buffer.alloc(32, 7);
const folder = mkdtempSync(join(tmpdir(), 'deidentify-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Dump = { preamble: string; elements: Record<string, [vr: string, value: string]> };

/** What pydicom reads in a file; it fails on any value that its VR does not allow. */
function dump(bytes: Uint8Array): Dump {
  const path = join(folder, 'dump.dcm');
  writeFileSync(path, bytes);
  return runReference<Dump>('deidentified.py', [], path)[0] as Dump;
}

const survivors = (seeds: Seeds, bytes: Buffer) => {
  const text = bytes.toString('latin1');
  return seeds.all.filter((seed) => text.includes(seed));
};

/** Whether an element ended as one of the codes of its action says; undefined: it is not there. */
function follows(action: string, original: string, found: [vr: string, value: string] | undefined): boolean {
  return action.split('/').some((code) => {
    if (code === 'X') return found === undefined;
    if (code === 'Z') return found?.[1] === '';
    if (code === 'U') return found?.[0] === 'UI' && isUid(found[1]) && found[1] !== original;
    return found !== undefined && found[1] !== '' && found[1] !== original;
  });
}

describe.runIf(hasPydicom)('the profile', () => {
  it('names every attribute of Table E.1-1 once', () => {
    expect(PROFILE.size).toBe(652);
  });

  it('is followed for every row, at the top and in items of items, and what is left is valid', () => {
    const seeds = createSeeds();
    const input = buildSeededFile(seeds);
    const before = dump(input).elements;
    const { preamble, elements } = dump(deidentifyInstance(input, KEY));
    const wrong: string[] = [];
    for (const prefix of ['', `${KEPT_SEQUENCE}/0/`, `${KEPT_SEQUENCE}/0/${KEPT_SEQUENCE}/0/`]) {
      for (const [tag, action] of PROFILE) {
        if (tag >>> 16 < 0x0008) continue;
        const path = prefix + hexOf(tag);
        expect(before, path).toHaveProperty([path]);
        if (!follows(action, before[path]?.[1] ?? '', elements[path]))
          wrong.push(`${path} ${action} ${elements[path]}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(preamble).toMatch(/^0+$/);
    expect(
      Object.keys(elements).filter((path) => /(?:^|\/)(?:[0-9A-F]{3}[13579BDF]|50|60|00087777)/.test(path)),
    ).toEqual([]);
    expect(elements).toMatchObject({
      '00020002': ['UI', '1.2.840.10008.5.1.4.1.1.4'],
      '00020003': elements['00080018'],
      '00080008': ['CS', 'ORIGINAL\\PRIMARY'],
      '00100020': ['LO', expect.stringMatching(/^[0-9A-F]{16}$/)],
      '00120062': ['CS', 'YES'],
      '00120063': ['LO', expect.stringContaining('Basic Profile')],
      '00120064/0/00080100': ['SH', '113100'],
      '00120064/0/00080102': ['SH', 'DCM'],
      '00120064/0/00080104': ['LO', 'Basic Application Confidentiality Profile'],
      '00280303': ['CS', 'REMOVED'],
    });
  });

  it('lets no value that was put in survive anywhere in the file', () => {
    const seeds = createSeeds();
    const input = buildSeededFile(seeds);
    expect(seeds.all.length).toBeGreaterThan(2000);
    expect(survivors(seeds, input)).toHaveLength(seeds.all.length);
    expect(survivors(seeds, deidentifyInstance(input, KEY))).toEqual([]);
  });

  it('removes or replaces what identifies and has no row in the table, at the top and in items', () => {
    const seeds = createSeeds();
    const uids = ['00081167', '00200242', '00209312', '00209313', '00189999'];
    const others: Elements = {
      '00081190': ['UR', seeds.next('UR')],
      '00100033': ['LO', seeds.next('LO')],
      '00100034': ['LO', seeds.next('LO')],
      '00400400': ['LT', seeds.next('LT')],
      '00401006': ['SH', seeds.next('SH')],
      '00401007': ['SH', seeds.next('SH')],
      ...Object.fromEntries(uids.map((tag) => [tag, ['UI', seeds.next('UI')]])),
    };
    const shared: Elements = { '0008010C': ['UI', '2.16.840.1.113883.6.96'], '00081150': ['UI', '1.2.840.10008.1.1'] };
    const input = buildFile(mrElements({ ...others, ...shared, [KEPT_SEQUENCE]: ['SQ', [{ ...others, ...shared }]] }));
    const output = deidentifyInstance(input, KEY);
    expect(survivors(seeds, output)).toEqual([]);
    const { elements } = dump(output);
    for (const prefix of ['', `${KEPT_SEQUENCE}/0/`]) {
      for (const tag of uids.slice(0, 4)) expect(isUid(elements[prefix + tag]?.[1] as string), prefix + tag).toBe(true);
      for (const [tag, [, value]] of Object.entries(shared)) expect(elements[prefix + tag]?.[1]).toBe(value);
    }
  });

  it('refuses free text of content items that the profile would leave as it is', () => {
    const item: Elements = { '0040A040': ['CS', 'TEXT'], '0040A160': ['UT', 'Mrs Doe moved'] };
    for (const elements of [item, { [KEPT_SEQUENCE]: ['SQ', [item]] }] as Elements[])
      expect(() => deidentifyInstance(buildFile(mrElements(elements)), KEY)).toThrow(CannotDeidentify);
  });

  it('reaches sequences of VR UN, with and without a length', () => {
    const seeds = createSeeds();
    const item = implicit({ '00080018': seeds.next('UI'), '00100010': seeds.next('PN') });
    const defined = Buffer.concat([itemHeader(item.length), item]);
    const end = Buffer.from('feffdde000000000', 'hex');
    for (const [content, length] of [
      [defined, defined.length],
      [Buffer.concat([defined, end]), 0xffffffff],
    ] as const) {
      const header = Buffer.from('00522992554e000000000000', 'hex');
      header.writeUInt32LE(length, 8);
      const { '7FE00010': pixels, ...rest } = mrElements();
      const input = Buffer.concat([buildFile(rest), header, content, buildDataSet({ '7FE00010': pixels as never })]);
      const output = deidentifyInstance(input, KEY);
      expect(survivors(seeds, output)).toEqual([]);
      const { elements } = dump(output);
      expect(elements[`${KEPT_SEQUENCE}/0/00100010`]).toEqual(['PN', '']);
      expect(isUid(elements[`${KEPT_SEQUENCE}/0/00080018`]?.[1] as string)).toBe(true);
    }
  });
});

/** Elements of text, implicit VR little endian. */
function implicit(elements: Record<string, string>): Buffer {
  return Buffer.concat(
    Object.entries(elements).map(([tag, value]) => {
      const content = Buffer.from(value.length % 2 ? `${value} ` : value);
      const header = Buffer.alloc(8);
      header.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
      header.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
      header.writeUInt32LE(content.length, 4);
      return Buffer.concat([header, content]);
    }),
  );
}

describe('pseudonyms', () => {
  const slice = (number: number, reference: number) =>
    buildFile(
      mrElements({
        '00080018': ['UI', `1.2.3.4.${number}`],
        '00081140': ['SQ', [{ '00081155': ['UI', `1.2.3.4.${reference}`] }]],
        '00100020': ['LO', number === 3 ? 'SOMEBODY ELSE' : 'ID 4711 '],
        '00200052': ['UI', number === 3 ? '1.2.840.10008.1.4.1.1' : '1.2.3.9'],
      }),
    );
  const read = (bytes: Buffer) => ({ ...parseInstance(bytes), reference: /2\.25\.\d+/.exec(reference(bytes))?.[0] });
  const reference = (bytes: Buffer) => bytes.toString('latin1').split('\x08\0\x55\x11UI')[1] as string;

  it('are the same in every file of one key, so that series and references hold', () => {
    const [first, second, third] = [slice(1, 2), slice(2, 1), slice(3, 1)].map((one) =>
      read(deidentifyInstance(one, KEY)),
    );
    expect(first?.studyInstanceUid).toBe(second?.studyInstanceUid);
    expect(first?.seriesInstanceUid).toBe(second?.seriesInstanceUid);
    expect(first?.sopInstanceUid).not.toBe(second?.sopInstanceUid);
    expect(first?.reference).toBe(second?.sopInstanceUid);
    expect(second?.reference).toBe(first?.sopInstanceUid);
    expect(first?.patient.id).toBe(second?.patient.id);
    expect(first?.patient.id).not.toBe(third?.patient.id);
    expect(deidentifyInstance(slice(1, 2), KEY)).toEqual(deidentifyInstance(slice(1, 2), KEY));
  });

  it('tell nothing without the key, and keep the frames of reference that the standard defines', () => {
    const other = read(deidentifyInstance(slice(1, 2), Buffer.alloc(32, 8)));
    const mine = read(deidentifyInstance(slice(1, 2), KEY));
    for (const name of ['studyInstanceUid', 'seriesInstanceUid', 'sopInstanceUid', 'reference'] as const) {
      expect(other[name]).not.toBe(mine[name]);
      expect(isUid(mine[name] as string)).toBe(true);
    }
    expect(other.patient.id).not.toBe(mine.patient.id);
    expect(deidentifyInstance(slice(3, 1), KEY).includes('1.2.840.10008.1.4.1.1')).toBe(true);
    expect(() => deidentifyInstance(slice(1, 2), Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe('deidentifyInstance', () => {
  it('tells of itself once, after what an earlier de-identification told', () => {
    const code: Elements = { '00080100': ['SH', '113101'], '00080102': ['SH', 'DCM'] };
    const file = buildFile(mrElements({ '00120063': ['LO', 'BY HAND'], '00120064': ['SQ', [code]] }));
    const once = deidentifyInstance(file, KEY);
    const text = deidentifyInstance(once, KEY).toString('latin1');
    expect(text.split('BY HAND\\MRIMaster').length).toBe(2);
    expect(text.split('MRIMaster: ').length).toBe(2);
    expect(text.split('113101').length).toBe(2);
    expect(text.split('113100').length).toBe(2);
  });

  it('cuts a text where a wrong length made it swallow the next element', () => {
    const swallowed = Buffer.concat([Buffer.from('MR'), buildDataSet({ '00100010': ['PN', 'DOE^JANE'] })]);
    const output = deidentifyInstance(buildFile(mrElements({ '00080060': ['CS', swallowed] })), KEY);
    expect(output.includes('DOE')).toBe(false);
    expect(parseInstance(output).modality).toBe('MR');
  });

  it('keeps what is in no row of the profile, byte for byte, the pixels among it', () => {
    const elements = mrElements({ '00080070': ['LO', 'ACME '], '00180081': ['DS', '12.50 '] });
    const output = deidentifyInstance(buildFile(elements), KEY);
    for (const tag of ['00080070', '00180081', '00280010', '7FE00010']) {
      expect(output.includes(buildDataSet({ [tag]: elements[tag] as never })), tag).toBe(true);
    }
  });

  it.each([
    ['YES in any object', { '00280301': ['CS', 'YES'] }],
    ['nothing in a Secondary Capture', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.7'] }],
    ['nothing in an ultrasound image', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.6.1'] }],
    ['nothing in a picture of a screen', { '00080008': ['CS', 'DERIVED\\SECONDARY\\SCREEN SAVE'] }],
    ['nothing in a digitised film', { '00080064': ['CS', 'DF'] }],
    ['nothing in colours', { '00280002': ['US', us(3)] }],
    ['an unknown word', { '00280301': ['CS', 'PERHAPS'] }],
    ['an overlay in the pixels, and NO', { '00280301': ['CS', 'NO'], '60000102': ['US', us(12)] }],
  ] as [string, Elements][])('refuses burned-in text: %s', (_, elements) => {
    expect(() => deidentifyInstance(buildFile(mrElements(elements)), KEY)).toThrow(BurnedInAnnotation);
  });

  it('takes the word of a header that there is no burned-in text', () => {
    const capture = mrElements({ '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.7'], '00280301': ['CS', 'NO'] });
    expect(parseInstance(deidentifyInstance(buildFile(capture), KEY)).rows).toBe(2);
  });

  it('refuses what is no image, and an object without its UIDs', () => {
    const { '7FE00010': _, ...report } = mrElements({ '0040A730': ['SQ', [{ '0040A160': ['UT', 'Jane Doe'] }]] });
    expect(() => deidentifyInstance(buildFile(report), KEY)).toThrow(CannotDeidentify);
    const { '00080018': __, ...nameless } = mrElements();
    expect(() => deidentifyInstance(buildFile(nameless), KEY)).toThrow(InvalidDicom);
  });
});

describe('hostile input', () => {
  /** What comes of it: an error of ours, or a file not much larger. */
  function attempt(input: Buffer): MrimasterError | Buffer {
    try {
      const output = deidentifyInstance(input, KEY);
      expect(output.length).toBeLessThan(input.length * 10 + 2000);
      return output;
    } catch (error) {
      expect(error).toBeInstanceOf(MrimasterError);
      return error as MrimasterError;
    }
  }

  it('ends in a refusal wherever a file is cut off', () => {
    const seeds = createSeeds();
    const file = buildFile(mrElements({ '00081140': ['SQ', [{ '00081155': ['UI', seeds.next('UI')] }]] }));
    for (let length = 0; length < file.length; length++) {
      expect(attempt(file.subarray(0, length)), `${length} bytes`).toBeInstanceOf(MrimasterError);
    }
  });

  it('ends in a refusal or a file for bytes changed at random', () => {
    const image = Object.entries(seedEveryRow(createSeeds())).filter(([tag]) => tag < '00101000');
    const file = buildFile(mrElements(Object.fromEntries(image)));
    let state = 1;
    const random = (below: number) => {
      state = (state * 48271) % 0x7fffffff;
      return state % below;
    };
    for (let round = 0; round < 1000; round++) {
      const damaged = Buffer.from(file);
      for (let change = random(4); change >= 0; change--) damaged[random(file.length)] = random(256);
      attempt(damaged);
    }
  });

  it('refuses nesting without end, elements without number and twice the same element', () => {
    const start = buildFile(mrElements({ '7FE00010': ['OW', us(1)] }));
    const open = Buffer.from('00522992' + '53510000ffffffff' + 'feff00e0ffffffff', 'hex');
    const deep = Buffer.concat([buildMeta('1.2.840.10008.1.2.1'), ...Array(100_000).fill(open)]);
    expect(attempt(deep)).toBeInstanceOf(InvalidDicom);
    const items = Buffer.alloc(8 * 1_100_000, Buffer.from('feff00e000000000', 'hex'));
    expect(attempt(Buffer.concat([start, open.subarray(0, 12), items]))).toBeInstanceOf(InvalidDicom);
    const twice = Buffer.concat([start, buildDataSet({ '7FE00010': ['OW', us(1)] })]);
    expect(attempt(twice)).toBeInstanceOf(InvalidDicom);
  });

  it('refuses a list of UIDs that would outgrow its element', () => {
    const uids = Array(10_000).fill('1.2').join('\\');
    expect(attempt(buildFile(mrElements({ '00080058': ['UI', uids] })))).toBeInstanceOf(InvalidDicom);
  });
});
