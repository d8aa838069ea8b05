import type { Frame } from '../header/frames.js';
import type { Instance } from '../header/parse.js';
import { words } from './sequence.js';

/** What this program writes as Manufacturer: its own results must never be classified in turn. */
export const OWN_MANUFACTURER = 'MRIMaster';

/** MR Image, Enhanced MR Image, Legacy Converted Enhanced MR Image. */
const MR_IMAGES = new Set(['1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.4.1', '1.2.840.10008.5.1.4.1.1.4.4']);

/** Values of Image Type (0008,0008) and Frame Type, their underscores read as blanks, that name what is no anatomy. */
const IMAGE_TYPES: readonly (readonly [string, readonly string[]])[] = [
  ['localizer', ['LOCALIZER', 'SCOUT', 'SURVEY']],
  ['screen capture', ['SCREEN SAVE', 'SCREENSHOT', 'CAPTURE']],
  ['derived map (ADC)', ['ADC', 'ADC MAP', 'ADC UNSPECIFIED', 'EADC']],
  ['derived map (diffusion)', ['FA', 'FA MAP', 'TRACE', 'TRACEW', 'TENSOR', 'TENSOR B0', 'DIFFUSION MAP', 'EXP']],
  [
    'derived map (perfusion)',
    ['PERFUSION', 'ASL', 'RELCBF', 'RELCBV', 'RELCCBV', 'RELMTT', 'CBF', 'CBV', 'MTT', 'TTP', 'PBP'],
  ],
  ['derived map (functional)', ['TTEST', 'FMRI', 'ZMAP']],
  ['derived map (relaxation)', ['T1 MAP', 'T2 MAP', 'T2 STAR MAP', 'R2 MAP', 'R2 STAR MAP', 'PROTON DENSITY MAP']],
  ['derived map (subtraction)', ['SUBTRACTION', 'SUB']],
  ['derived map (field)', ['B0 MAP', 'B1 MAP', 'FIELD MAP', 'FIELDMAP']],
  ['phase image', ['P', 'PHASE', 'PHASE MAP', 'I', 'IMAGINARY', 'VELOCITY', 'VELOCITY MAP', 'PHASE CONTRAST']],
  ['projection', ['PROJECTION IMAGE', 'MIP', 'MAX IP', 'MIN IP', 'MNIP', 'MINIP', 'MEAN IP', 'VOLUME RENDER']],
  ['mosaic', ['MOSAIC']],
  ['diffusion', ['DIFFUSION', 'DIFFUSION ANISO']],
];

const ACQUISITION_CONTRASTS: Record<string, string> = {
  DIFFUSION: 'diffusion',
  PERFUSION: 'perfusion',
  FLOW_ENCODED: 'flow',
  TAGGING: 'tagging',
  TEMPERATURE: 'derived map (temperature)',
  SPECTROSCOPY: 'spectroscopy',
};

/** Words of Series Description that name what is no anatomy; see `words` for their form. */
const DESCRIPTIONS: readonly (readonly [string, RegExp])[] = [
  ['localizer', /\b(?:loc|locali[sz]er|scout|survey|3 ?pl(?:ane?)?)\b/],
  ['calibration', /\b(?:calib[a-z]*|asset|prescan|shim|ref(?:erence)? ?scan|sense ref)\b/],
  ['derived map (ADC)', /\be?adc\b|apparent diffusion/],
  ['derived map (diffusion)', /\b(?:trace|tracew|colfa|tensor)\b|\bfa map\b|fractional anisotropy/],
  ['derived map (perfusion)', /\b(?:rel|r)?(?:cbf|cbv|mtt|ttp|tmax)\b/],
  ['derived map (subtraction)', /\bsubtract(?:ion|ed)?\b/],
  ['derived map (field)', /\b(?:field ?map|b0 ?map|b1 ?map|gre field mapping)\b/],
  ['diffusion', /\b(?:dwi|dti|dki|diff|diffusion|resolve|hardi)\b/],
  ['perfusion', /\b(?:perf|perfusion|pwi|dsc|dce|asl|pasl|pcasl)\b/],
  ['functional MRI', /\b(?:fmri|bold|resting state|rsfmri)\b/],
  ['susceptibility-weighted', /\b(?:swi|swan|qsm|venobold)\b/],
  ['angiography', /\b(?:mra|mrv|tof|angio[a-z]*|pca)\b/],
  ['projection', /\b(?:mip|minip)\b/],
  ['spectroscopy', /\b(?:mrs|svs|csi|press|spectroscopy)\b/],
];

const BRAIN = /brain|head|skull|neuro|cereb|crani|encephal|pituit|hypophys|sella|hirn|kopf|schadel|tete|cerveau/;
const NOT_STATED = /^(?:UNKNOWN|UNDEFINED|OTHER|NONE|NA|N\/A)$/i;
const ELSEWHERE =
  /\b(?:[ctl] ?spine|spine|spinal|cervical|thoracic|lumbar|knee|shoulder|hip|ankle|wrist|elbow|hand|foot|pelvis|pelvic|prostate|abdomen|abdominal|liver|mrcp|breast|cardiac|heart|chest|thorax|kidney|renal|neck|larynx|femur|humerus)\b/;

/** Why no instance of the kind is classified; null when nothing speaks against it. The first reason counts. */
export function passedOverInstance(instance: Instance): string | null {
  const { modality, sopClassUid, manufacturer, seriesDescription, scan } = instance;
  if (manufacturer?.toLowerCase() === OWN_MANUFACTURER.toLowerCase()) return 'our own result';
  if (modality !== 'MR') return `not MR${inBrackets(modality)}`;
  if (!MR_IMAGES.has(sopClassUid) || instance.numberOfFrames === 0) return 'not an MR image';
  const description = words(seriesDescription);
  return (
    byImageType(instance.imageType) ??
    ACQUISITION_CONTRASTS[scan.acquisitionContrast ?? ''] ??
    DESCRIPTIONS.find(([, pattern]) => pattern.test(description))?.[0] ??
    (scan.echoPlanar ? 'echo planar (diffusion, perfusion or functional)' : null) ??
    elsewhere(instance)
  );
}

/** Whether the instance is an MR image of the head, as far as it says what it is. */
export function isBrainMr(instance: Instance): boolean {
  return instance.modality === 'MR' && MR_IMAGES.has(instance.sopClassUid) && elsewhere(instance) === null;
}

/** Why a frame is not classified although its instance may be: one Enhanced object can hold images and maps. */
export function passedOverFrame(frame: Frame): string | null {
  if ((frame.diffusionBValue ?? 0) > 0) return 'diffusion';
  return byImageType(frame.frameType);
}

function byImageType(imageType: readonly string[]): string | null {
  const values = new Set(imageType.map((value) => value.toUpperCase().replaceAll('_', ' ')));
  return IMAGE_TYPES.find(([, names]) => names.some((name) => values.has(name)))?.[0] ?? null;
}

/** BodyPartExamined decides; without it, the series' own description, then the study's. */
function elsewhere({ bodyPartExamined, seriesDescription, studyDescription, scan }: Instance): string | null {
  const stated = bodyPartExamined && !NOT_STATED.test(bodyPartExamined);
  if (stated) return BRAIN.test(words(bodyPartExamined)) ? null : `not brain${inBrackets(bodyPartExamined)}`;
  for (const description of [words(seriesDescription, scan.protocolName), words(studyDescription)]) {
    if (BRAIN.test(description)) return null;
    const part = ELSEWHERE.exec(description)?.[0];
    if (part) return `not brain (${part})`;
  }
  return null;
}

/** A coded value in brackets; free text that took its place is left out, for it may name a patient. */
function inBrackets(code: string | null): string {
  return code && /^[A-Z0-9_ ]{1,16}$/.test(code) ? ` (${code})` : '';
}
