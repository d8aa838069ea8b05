import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Instance, parseInstance } from '../../../src/pacs/header/parse.js';
import { parseFile } from '../../../src/pacs/header/parseFile.js';
import { chooseSeries as decide } from '../../../src/pacs/series/chooseSeries.js';
import { sayEligibility } from '../../../src/wording/eligibility.js';
import { buildFile, type Elements, fd, mrElements, us } from '../buildDicom.js';
import { filesOf, hasStudies, studies } from '../sharedData.js';

const AXIAL = '1\\0\\0\\0\\1\\0';
const SAGITTAL = '0\\1\\0\\0\\0\\-1';
const CORONAL = '1\\0\\0\\0\\0\\-1';

/** As people read it: with the reason in words. */
function chooseSeries(instances: readonly Instance[], weightings?: readonly string[]) {
  const choice = decide(instances, weightings);
  return { ...choice, reason: sayEligibility(choice.reason) };
}

function slice(number: number, elements: Elements = {}): Instance {
  return parseInstance(
    buildFile(
      mrElements({
        '00080018': ['UI', `1.2.3.4.${number}`],
        '00200013': ['IS', String(number)],
        '00200032': ['DS', `0\\0\\${number * 5}`],
        '00200037': ['DS', AXIAL],
        ...elements,
      }),
    ),
  );
}

const series = (elements: Elements = {}, count = 5) =>
  Array.from({ length: count }, (_, index) => slice(index + 1, elements));
const described = (text: string, elements: Elements = {}) =>
  chooseSeries(series({ '0008103E': ['LO', text], ...elements }));

describe.skipIf(!hasStudies)('every real series', () => {
  /** From cases.csv: why the series that are no anatomical MR heads are passed over, and what the others are. */
  const EXPECTED: Record<string, string> = {
    'ood_ct_chest_lidc/S1': 'not MR (CT)',
    'ood_ct_pelvis/S1': 'not MR (CT)',
    'ood_pet_pelvis/S1': 'not MR (PT)',
    'tech_mosaic_siemens/S1': 'mosaic',
    'tech_perfusion_map/S1': 'derived map (perfusion)',
    'healthy_siemens_trio_adult/T1_native': 'T1 sagittal',
    'healthy_siemens_trio_adult/T2_ax_native': 'T2 axial',
    'healthy_siemens_trio_adult/T1_ax_mpr3mm': 'T1 axial',
    'healthy_studyforrest/T1_native': 'T1 axial',
    'glioma_tcga_fg_6692/T1_ax': 'T1 axial',
    'glioma_tcga_fg_6692/T1c_ax': 'T1 post-contrast axial',
    'glioma_tcga_fg_6692/T2_ax': 'T2 axial',
    'glioma_tcga_fg_6692/FLAIR_ax': 'FLAIR axial',
    'tumour_pyradiomics_brain1/T1c_ax': 'T1 post-contrast axial',
  };
  const PASSED_OVER = /^(?:ood_ct|ood_pet|tech_mosaic|tech_perfusion)/;
  const cases = readdirCases().map((name) => ({ name }));

  function readdirCases(): string[] {
    if (!hasStudies) return [];
    const folders = (path: string) =>
      readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    return folders(studies).flatMap((name) => folders(join(studies, name)).map((part) => `${name}/${part}`));
  }

  it.each(cases)('$name is classified or passed over for the right reason', async ({ name }) => {
    const [caseName = '', part = ''] = name.split('/');
    const instances = await Promise.all(filesOf(caseName, part).map(parseFile));
    const bySeries = groupBySeries(instances);
    for (const own of bySeries.values()) {
      const choice = chooseSeries(own);
      expect(choice.eligible).toBe(!PASSED_OVER.test(name));
      if (EXPECTED[name]) expect(choice.reason).toBe(EXPECTED[name]);
      expect(choice.slices).toHaveLength(own.reduce((sum, instance) => sum + instance.numberOfFrames, 0));
      const locations = choice.slices.map(({ location }) => location ?? Number.NaN);
      expect(locations).toEqual([...locations].sort((a, b) => a - b));
    }
  });

  function groupBySeries(instances: Instance[]): Map<string, Instance[]> {
    const groups = new Map<string, Instance[]>();
    for (const instance of instances) {
      groups.set(instance.seriesInstanceUid, [...(groups.get(instance.seriesInstanceUid) ?? []), instance]);
    }
    return groups;
  }

  it('covers the cases of cases.csv', () => {
    const rows = readFileSync(join(studies, 'cases.csv'), 'utf8').trim().split('\n').slice(1);
    expect(cases.length).toBe(new Set(rows.map((row) => row.split(',').slice(1, 3).join('/'))).size);
  });
});

describe('order of slices', () => {
  it('is by position along the normal, whatever InstanceNumber and the order of arrival say', () => {
    const shuffled = [3, 1, 5, 2, 4].map((z, index) => slice(index + 1, { '00200032': ['DS', `0\\0\\${z}`] }));
    const { slices, orientation } = chooseSeries(shuffled);
    expect(slices.map(({ location }) => location)).toEqual([1, 2, 3, 4, 5]);
    expect(slices.map(({ sopInstanceUid }) => sopInstanceUid.at(-1))).toEqual(['2', '4', '1', '5', '3']);
    expect(orientation).toBe('AXIAL');
  });

  it('goes from foot to head also where the file turns the slices over', () => {
    const turned = series({ '00200037': ['DS', '1\\0\\0\\0\\-1\\0'] });
    expect(chooseSeries(turned).slices.map(({ location }) => location)).toEqual([5, 10, 15, 20, 25]);
  });

  it('puts the echoes of one position in the order of their times', () => {
    const echoes = series().flatMap((_, index) =>
      [90, 10].map((echo, second) =>
        slice(index + 1, { '00080018': ['UI', `1.2.${index}.${second}`], '00180081': ['DS', String(echo)] }),
      ),
    );
    const order = chooseSeries(echoes).slices.map(({ sopInstanceUid }) => sopInstanceUid.at(-1));
    expect(order).toEqual(Array.from({ length: 5 }, () => ['1', '0']).flat());
  });
});

describe('orientation', () => {
  it.each([
    ['AXIAL', AXIAL],
    ['SAGITTAL', SAGITTAL],
    ['CORONAL', CORONAL],
    ['AXIAL', '1\\0\\0\\0\\0.9397\\0.3420'], // tilted by 20°
    ['OBLIQUE', '1\\0\\0\\0\\0.7071\\0.7071'],
  ])('is %s for %s', (orientation, cosines) => {
    const tilted = [1, 2, 3].map((at) =>
      slice(at, { '00200037': ['DS', cosines], '00200032': ['DS', `${at * 3}\\${at * -3}\\${at * 3}`] }),
    );
    expect(chooseSeries(tilted)).toMatchObject({ orientation, eligible: true });
  });

  it('is unknown, and the series still classified, where the file does not say', () => {
    const bare = series({ '00200037': ['DS', ''], '00200032': ['DS', ''] });
    expect(chooseSeries(bare)).toMatchObject({ eligible: true, orientation: null });
    expect(chooseSeries(bare).slices.map(({ location }) => location)).toEqual([null, null, null, null, null]);
  });
});

describe('a series of a weighting that the model is not made for', () => {
  const described = (text: string) => series({ '0008103E': ['LO', text] });

  it('is passed over, and says which', () => {
    expect(chooseSeries(described('AX T2 TSE'), ['T1'])).toMatchObject({
      eligible: false,
      reason: 'T2, and the model is made for T1',
    });
    expect(chooseSeries(described('AX T2 FLAIR'), ['T1', 'T2']).reason).toBe('FLAIR, and the model is made for T1, T2');
  });

  it('is classified where nothing tells the weighting, or the model is made for any', () => {
    expect(chooseSeries(described('AX T1 POST'), ['T1']).eligible).toBe(true);
    expect(chooseSeries(described('ax'), ['T1']).eligible).toBe(true);
    expect(chooseSeries(described('AX T2 TSE')).eligible).toBe(true);
  });
});

describe('a series is passed over', () => {
  it.each<[string, Elements]>([
    ['our own result', { '00080070': ['LO', 'MRIMaster'] }],
    ['not MR (CT)', { '00080060': ['CS', 'CT'] }],
    ['not MR', { '00080060': ['CS', 'Doe^John'] }],
    ['not an MR image', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.7'] }],
    ['localizer', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\LOCALIZER'] }],
    ['localizer', { '0008103E': ['LO', '3-plane loc'] }],
    ['localizer', { '0008103E': ['LO', 'AAHead_Scout_64ch'] }],
    ['localizer', { '0008103E': ['LO', '3-pl T2* FGRE S'] }],
    ['calibration', { '0008103E': ['LO', 'ASSET Calibration'] }],
    ['mosaic', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC'] }],
    ['derived map (ADC)', { '00080008': ['CS', 'DERIVED\\PRIMARY\\DIFFUSION\\ADC\\ND'] }],
    ['derived map (ADC)', { '0008103E': ['LO', 'ep2d_diff_3scan_ADC'] }],
    ['derived map (diffusion)', { '00080008': ['CS', 'DERIVED\\PRIMARY\\DIFFUSION\\TRACEW'] }],
    ['derived map (perfusion)', { '0008103E': ['LO', 'rCBV'] }],
    ['derived map (subtraction)', { '0008103E': ['LO', 'T1 SUBTRACTION'] }],
    ['phase image', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\P\\ND'] }],
    ['projection', { '00080008': ['CS', 'DERIVED\\SECONDARY\\PROJECTION IMAGE'] }],
    ['screen capture', { '00080008': ['CS', 'DERIVED\\SECONDARY\\SCREEN SAVE'] }],
    ['diffusion', { '0008103E': ['LO', 'AX DWI b1000'] }],
    ['diffusion', { '00189087': ['FD', fd(1000)] }],
    ['perfusion', { '00089209': ['CS', 'PERFUSION'] }],
    ['functional MRI', { '0008103E': ['LO', 'rest_BOLD'] }],
    ['angiography', { '0008103E': ['LO', 'TOF 3D'] }],
    ['susceptibility-weighted', { '0008103E': ['LO', 'SWI_Images'] }],
    ['echo planar (diffusion, perfusion or functional)', { '00180020': ['CS', 'EP\\SE'] }],
    ['not brain (CHEST)', { '00180015': ['CS', 'CHEST'] }],
    ['not brain', { '00180015': ['CS', 'Doe^John'] }],
    ['not brain (knee)', { '0008103E': ['LO', 'SAG PD LEFT KNEE'] }],
    ['not brain (c spine)', { '0008103E': ['LO', 'T2_sag_C-SPINE'], '00081030': ['LO', 'MRI BRAIN + SPINE'] }],
    ['not brain (lumbar)', { '00081030': ['LO', 'MR LUMBAR'] }],
  ])('as "%s"', (reason, elements) => {
    const choice = chooseSeries(series(elements));
    expect(choice).toMatchObject({ eligible: false, reason });
    expect(choice.slices).toHaveLength(5);
  });

  it('with fewer than 3 slices', () => {
    expect(chooseSeries(series({}, 2))).toMatchObject({ eligible: false, reason: 'fewer than 3 slices' });
    expect(chooseSeries(series({}, 3)).eligible).toBe(true);
  });

  it('with slices in several orientations', () => {
    const mixed = [...series({}, 3), ...series({ '00200037': ['DS', SAGITTAL] }, 3)];
    expect(chooseSeries(mixed)).toMatchObject({ eligible: false, reason: 'mixed orientations' });
  });

  it('with many time points at each place', () => {
    const dynamic = series({}, 3).flatMap((instance) => Array.from({ length: 20 }, () => instance));
    expect(chooseSeries(dynamic)).toMatchObject({ eligible: false, reason: 'time series (60 images of 3 places)' });
  });

  it('without images or without instances', () => {
    const { '00280010': _, '00280011': __, '7FE00010': ___, ...report } = mrElements();
    expect(chooseSeries([parseInstance(buildFile(report))])).toMatchObject({
      eligible: false,
      reason: 'not an MR image',
    });
    expect(chooseSeries([])).toMatchObject({ eligible: false, reason: 'no images' });
  });
});

describe('a series is classified', () => {
  it('without the frames that are maps of it', () => {
    const magnitude = series();
    const phase = series({ '00080008': ['CS', 'ORIGINAL\\PRIMARY\\P'] }).map((instance) => ({
      ...instance,
      sopInstanceUid: `${instance.sopInstanceUid}.9`,
    }));
    const { eligible, slices } = chooseSeries([...phase, ...magnitude]);
    expect(eligible).toBe(true);
    expect(slices.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
      magnitude.map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });

  it('frame by frame where it is one Enhanced object', () => {
    const plane = (z: number): Elements => ({ '00209113': ['SQ', [{ '00200032': ['DS', `0\\0\\${z}`] }]] });
    const enhanced = parseInstance(
      buildFile(
        mrElements({
          '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.4.1'],
          '00080008': ['CS', 'ORIGINAL\\PRIMARY\\T1\\NONE'],
          '00280008': ['IS', '4'],
          '52009229': ['SQ', [{ '00209116': ['SQ', [{ '00200037': ['DS', AXIAL] }]] }]],
          '52009230': ['SQ', [plane(9), plane(3), plane(6), plane(0)]],
          '7FE00010': ['OW', us(...Array.from({ length: 16 }, (_, index) => index))],
        }),
      ),
    );
    const choice = chooseSeries([enhanced]);
    expect(choice).toMatchObject({ eligible: true, reason: 'T1 axial' });
    expect(choice.slices.map(({ frameNumber }) => frameNumber)).toEqual([4, 2, 3, 1]);
  });

  it.each<[string, string, Elements]>([
    ['T1 axial', 'AX T1', {}],
    ['T1 axial', 'Ax T1 FLAIR', {}],
    ['T1 axial', 'MPRAGE', {}],
    ['T1 axial', 'T1 IR real', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\R_IR\\R\\IR'], '00180015': ['CS', 'UNKNOWN'] }],
    [
      'T1 axial',
      'T1 IR real by element',
      { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\R_IR\\R\\IR'], '00089208': ['CS', 'REAL'] },
    ],
    ['T1 axial', 'T1 PSIR of Siemens', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\R\\NORM'], '00180020': ['CS', 'IR'] }],
    ['T1 axial', 'T1 PEAL', { '00080008': ['CS', 'ORIGINAL\\PRIMARY\\PEAL'] }],
    ['T1 axial', 'T1 pre-contrast', { '00180010': ['LO', 'Gadavist'] }],
    ['T1 post-contrast axial', 'AX T1 POST GAD', {}],
    ['T1 post-contrast axial', 't1_mprage_+C', {}],
    ['T1 post-contrast axial', 'AX T1', { '00180010': ['LO', 'Gadovist'] }],
    ['T1 axial', 'AX T1', { '00180010': ['LO', 'NONE'] }],
    ['T2 axial', 'AX T2 TSE', {}],
    ['T2* axial', 'T2* GRE', {}],
    ['FLAIR axial', 'AX T2 FLAIR', { '00180015': ['CS', 'HEAD'] }],
    ['PD axial', 'AX PD', {}],
    ['T1 axial', '', { '00180080': ['DS', '500'], '00180081': ['DS', '12'], '00180020': ['CS', 'SE'] }],
    ['T2 axial', '', { '00180080': ['DS', '4000'], '00180081': ['DS', '100'], '00180020': ['CS', 'SE'] }],
    ['FLAIR axial', '', { '00180080': ['DS', '9000'], '00180081': ['DS', '120'], '00180082': ['DS', '2500'] }],
    ['anatomical MR axial, weighting unknown', '', {}],
    ['anatomical MR axial, weighting unknown', 'Rest1 of the test2 head', {}],
  ])('as "%s" when described as "%s"', (reason, text, elements) => {
    expect(described(text, elements)).toMatchObject({ eligible: true, reason });
  });
});
