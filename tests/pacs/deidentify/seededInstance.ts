import { dictionaryVr } from '../../../src/pacs/deidentify/dictionary.js';
import { PROFILE } from '../../../src/pacs/deidentify/profile.js';
import { buildDataSet, type Elements, mrElements } from '../buildDicom.js';

/** Shared Functional Groups Sequence: no row of the profile, so its items are kept and cleaned. */
export const KEPT_SEQUENCE = '52009229';

/** Values of which every one can be told from every other, and from anything else in a file. */
export type Seeds = { next(vr: string): string; all: string[] };

export function createSeeds(): Seeds {
  const all: string[] = [];
  const next = (vr: string) => {
    const number = String(all.length + 1).padStart(4, '0');
    const seed =
      { UI: `1.3.77.${1e8 + all.length}`, DA: `${number}1013`, TM: `131313.77${number}`, DT: `${number}10131313` }[
        vr
      ] ??
      { DS: `-77${number}.5`, IS: `-77${number}`, AS: `${number.slice(1)}W`, UR: `urn:zq:${number}` }[vr] ??
      `ZQ${number}QZ`;
    all.push(seed);
    return seed;
  };
  return { next, all };
}

export const hexOf = (tag: number) => tag.toString(16).toUpperCase().padStart(8, '0');

/** An element of every row of the profile from group 0008 on, each with a seed of its own. */
export function seedEveryRow(seeds: Seeds): Elements {
  const elements: Elements = {};
  for (const [tag, action] of PROFILE) {
    if (tag >>> 16 < 0x0008) continue;
    const vr = dictionaryVr(tag) ?? 'LO';
    const kept = action === 'X/Z/U*';
    elements[hexOf(tag)] = [vr, vr === 'SQ' ? [seedItem(seeds, kept), seedItem(seeds, kept)] : seeds.next(vr)];
  }
  return elements;
}

/**
 * An item with a name, a reference and a private attribute; of a sequence that is not kept, with a code and text too,
 * which have no row of their own.
 */
function seedItem(seeds: Seeds, kept: boolean): Elements {
  const item: Elements = {
    '00081150': ['UI', '1.2.840.10008.5.1.4.1.1.4'],
    '00081155': ['UI', seeds.next('UI')],
    '00090010': ['LO', seeds.next('LO')],
    '00100010': ['PN', seeds.next('PN')],
  };
  if (kept) return item;
  const text: Elements = { '0040A040': ['CS', 'TEXT'], '0040A160': ['UT', seeds.next('UT')] };
  return { ...item, ...text, '00080100': ['SH', seeds.next('SH')], '00080104': ['LO', seeds.next('LO')] };
}

/** An MR image with every row of the profile, again in an item and in an item of that, and with what has no row. */
export function seededInstance(seeds: Seeds): Elements {
  const deepest = { ...seedEveryRow(seeds), '00091001': ['LO', seeds.next('LO')] } satisfies Elements;
  const nested: Elements = { ...seedEveryRow(seeds), [KEPT_SEQUENCE]: ['SQ', [deepest]] };
  return mrElements({
    ...seedEveryRow(seeds),
    '00080008': ['CS', 'ORIGINAL\\PRIMARY'],
    '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.4'],
    '00090010': ['LO', seeds.next('LO')],
    '00091001': ['UT', seeds.next('UT')],
    '00091002': ['SQ', [{ '00100010': ['PN', seeds.next('PN')] }]],
    '00087777': ['LO', seeds.next('LO')], // in no edition of the standard
    [KEPT_SEQUENCE]: ['SQ', [nested]],
    '50003000': ['OW', seeds.next('OW')],
    '60003000': ['OW', seeds.next('OW')],
    '60004000': ['LT', seeds.next('LT')],
    '60021500': ['LO', seeds.next('LO')],
  });
}

/** The same as a file, with seeds in its preamble and its file meta information. */
export function buildSeededFile(seeds: Seeds): Buffer {
  const meta = buildDataSet({
    '00020003': ['UI', seeds.next('UI')],
    '00020010': ['UI', '1.2.840.10008.1.2.1'],
    '00020016': ['AE', seeds.next('AE')],
    '00020100': ['UI', '1.2.3'],
    '00020102': ['OB', Buffer.from(seeds.next('OB'))],
  });
  const preamble = Buffer.alloc(128);
  preamble.write(seeds.next('LO'), 'latin1');
  return Buffer.concat([preamble, Buffer.from('DICM'), meta, buildDataSet(seededInstance(seeds))]);
}
