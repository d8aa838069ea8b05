import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Instance, parseInstance } from '../../../src/pacs/header/parse.js';
import { parseFile } from '../../../src/pacs/header/parseFile.js';
import { chooseSeries } from '../../../src/pacs/series/chooseSeries.js';
import { buildFile, type Elements, mrElements, us } from '../buildDicom.js';
import { caseFile, hasCases } from '../sharedData.js';

const ENHANCED = { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.4.1'] } satisfies Elements;

function slice(number: number, elements: Elements): Instance {
  return parseInstance(
    buildFile(
      mrElements({
        '00080018': ['UI', `1.2.3.4.${number}`],
        '00200013': ['IS', String(number)],
        '00200032': ['DS', `0\\0\\${5 * number}`],
        '00200037': ['DS', '1\\0\\0\\0\\1\\0'],
        ...elements,
      }),
    ),
  );
}
const series = (elements: Elements) => Array.from({ length: 5 }, (_, number) => slice(number, elements));
const ge = (value: number): Elements => ({ '00430010': ['LO', 'GEMS_PARM_01'], '0043102F': ['SS', us(value)] });
/** One object of five frames; `component`: of each. */
const enhanced = (component: (frame: number) => string, all: string): Elements => ({
  ...ENHANCED,
  '00080008': ['CS', 'ORIGINAL\\PRIMARY\\T1\\NONE'],
  '00089208': ['CS', all],
  '00280008': ['IS', '5'],
  '52009230': [
    'SQ',
    Array.from({ length: 5 }, (_, frame) => ({
      '00189226': ['SQ', [{ '00089007': ['CS', 'ORIGINAL\\PRIMARY\\T1\\NONE'], '00089208': ['CS', component(frame)] }]],
      '00209113': ['SQ', [{ '00200032': ['DS', `0\\0\\${5 * frame}`] }]],
      '00209116': ['SQ', [{ '00200037': ['DS', '1\\0\\0\\0\\1\\0'] }]],
    })) as Elements[],
  ],
});

describe('a part of the complex signal is no anatomy', () => {
  it.each<[string, Elements, string]>([
    ['Complex Image Component PHASE', { '00089208': ['CS', 'PHASE'] }, 'PHASE'],
    ['Complex Image Component real, in lower case', { '00089208': ['CS', 'real'] }, 'REAL'],
    ['Complex Image Component IMAGINARY', { '00089208': ['CS', 'IMAGINARY'] }, 'IMAGINARY'],
    ['GE’s private element: phase', ge(1), 'PHASE'],
    ['GE’s private element: real', ge(2), 'REAL'],
    ['GE’s private element: imaginary', ge(3), 'IMAGINARY'],
    ['Philips’ image type R_FFE', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\R_FFE\\R\\FFE'] }, 'REAL'],
    ['Philips’ image type P_SE', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\P_SE\\M\\SE'] }, 'PHASE'],
    ['Siemens’ image type R', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\R\\ND'] }, 'REAL'],
    ['Siemens’ image type REAL', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\REAL\\ND'] }, 'REAL'],
  ])('%s', (_, elements, component) => {
    expect(chooseSeries(series(elements))).toMatchObject({
      eligible: false,
      reason: { code: 'COMPLEX_COMPONENT', parameters: { component } },
    });
  });

  it.each<[string, Elements]>([
    ['Complex Image Component MAGNITUDE', { '00089208': ['CS', 'MAGNITUDE'] }],
    ['GE’s private element: magnitude', ge(0)],
    ['the same element of another private creator', { '00430010': ['LO', 'ACME'], '0043102F': ['SS', us(1)] }],
    ['Philips’ image type M_FFE', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\M_FFE\\M\\FFE'] }],
    ['Siemens’ image type M', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\M\\ND\\NORM'] }],
    ['GE’s image type', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\OTHER'] }],
    ['a value that begins with R', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\RETRO'] }],
  ])('but the magnitude is: %s', (_, elements) => {
    expect(chooseSeries(series(elements))).toMatchObject({ eligible: true, reason: { code: 'ANATOMICAL' } });
  });

  it('is left out where the magnitude is in the same series', () => {
    const magnitude = Array.from({ length: 5 }, (_, number) => slice(number, { '00089208': ['CS', 'MAGNITUDE'] }));
    const phase = Array.from({ length: 5 }, (_, number) =>
      slice(number, { '00080018': ['UI', `1.2.3.5.${number}`], '00089208': ['CS', 'PHASE'] }),
    );
    const choice = chooseSeries([...phase, ...magnitude]);
    expect(choice.eligible).toBe(true);
    expect(choice.slices.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
      magnitude.map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });

  it('is left out frame by frame of an Enhanced object that holds both', () => {
    const mixed = slice(
      0,
      enhanced((frame) => (frame === 0 ? 'PHASE' : 'MAGNITUDE'), 'MIXED'),
    );
    const choice = chooseSeries([mixed]);
    expect(choice.eligible).toBe(true);
    expect(choice.slices.map(({ frameNumber }) => frameNumber)).toEqual([2, 3, 4, 5]);
    expect(
      chooseSeries([
        slice(
          0,
          enhanced(() => 'PHASE', 'MIXED'),
        ),
      ]),
    ).toMatchObject({
      eligible: false,
      reason: { code: 'COMPLEX_COMPONENT', parameters: { component: 'PHASE' } },
    });
  });

  it('that an Enhanced object states of its frames together only, is nothing to rely on', () => {
    const { '52009230': _, ...without } = enhanced(() => '', 'MIXED');
    expect(chooseSeries([slice(0, without)])).toMatchObject({ eligible: false, reason: { code: 'COMPLEX_COMPONENT' } });
  });

  it.skipIf(!hasCases).each(['dicom/s02_phase_component', 'dicom/e02_all_phase'])('%s', async (name) => {
    const folder = caseFile(name);
    const instances = await Promise.all(readdirSync(folder).map((file) => parseFile(join(folder, file))));
    const phase = instances.filter(({ frames }) =>
      frames.every(({ complexComponent }) => complexComponent === 'PHASE'),
    );
    const choice = chooseSeries(instances);
    expect(
      choice.slices.filter(({ sopInstanceUid }) => phase.some((one) => one.sopInstanceUid === sopInstanceUid)),
    ).toEqual(choice.eligible ? [] : choice.slices);
    if (phase.length === instances.length)
      expect(choice).toMatchObject({ eligible: false, reason: { code: 'COMPLEX_COMPONENT' } });
  });
});
