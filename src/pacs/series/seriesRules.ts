import type { FrameHeader } from '../header/frames.js';
import type { Instance } from '../header/parse.js';
import { MR_IMAGES } from '../header/sopClasses.js';
import { words } from './sequence.js';
import { type SeriesReason, seriesReason } from './seriesReason.js';

/** Manufacturer of the objects that this program writes. It must never classify them in turn. */
export const OWN_MANUFACTURER = 'MRIMaster';

/** Values of Image Type (0008,0008) and Frame Type, with blanks for underscores, of images that do not show anatomy. */
const IMAGE_TYPES: readonly (readonly [SeriesReason, readonly string[]])[] = [
  [seriesReason('LOCALIZER'), ['LOCALIZER', 'SCOUT', 'SURVEY']],
  [seriesReason('SCREEN_CAPTURE'), ['SCREEN SAVE', 'SCREENSHOT', 'CAPTURE']],
  [seriesReason('DERIVED_MAP', { kind: 'ADC' }), ['ADC', 'ADC MAP', 'ADC UNSPECIFIED', 'EADC']],
  [
    seriesReason('DERIVED_MAP', { kind: 'DIFFUSION' }),
    ['FA', 'FA MAP', 'TRACE', 'TRACEW', 'TENSOR', 'TENSOR B0', 'DIFFUSION MAP', 'EXP'],
  ],
  [
    seriesReason('DERIVED_MAP', { kind: 'PERFUSION' }),
    ['PERFUSION', 'ASL', 'RELCBF', 'RELCBV', 'RELCCBV', 'RELMTT', 'CBF', 'CBV', 'MTT', 'TTP', 'PBP'],
  ],
  [seriesReason('DERIVED_MAP', { kind: 'FUNCTIONAL' }), ['TTEST', 'FMRI', 'ZMAP']],
  [
    seriesReason('DERIVED_MAP', { kind: 'RELAXATION' }),
    ['T1 MAP', 'T2 MAP', 'T2 STAR MAP', 'R2 MAP', 'R2 STAR MAP', 'PROTON DENSITY MAP'],
  ],
  [seriesReason('DERIVED_MAP', { kind: 'SUBTRACTION' }), ['SUBTRACTION', 'SUB']],
  [seriesReason('DERIVED_MAP', { kind: 'FIELD' }), ['B0 MAP', 'B1 MAP', 'FIELD MAP', 'FIELDMAP']],
  [
    seriesReason('PHASE_IMAGE'),
    ['P', 'PHASE', 'PHASE MAP', 'I', 'IMAGINARY', 'VELOCITY', 'VELOCITY MAP', 'PHASE CONTRAST'],
  ],
  [
    seriesReason('PROJECTION'),
    ['PROJECTION IMAGE', 'MIP', 'MAX IP', 'MIN IP', 'MNIP', 'MINIP', 'MEAN IP', 'VOLUME RENDER'],
  ],
  [seriesReason('MOSAIC'), ['MOSAIC']],
  [seriesReason('DIFFUSION'), ['DIFFUSION', 'DIFFUSION ANISO']],
];

/** Philips' image types of parts of the complex signal, such as "R_FFE" and "P_SE"; and "R" or "REAL" alone, as Siemens has it. */
const PHILIPS_COMPONENT = /^(?:([PI])|(R)(?:EAL)?)(?: (?:FFE|SE|IR|TSE|TFE|EPI|GRASE|B0|B1|PCA|MIX).*)?$/;
const COMPONENTS: Record<string, string> = { P: 'PHASE', R: 'REAL', I: 'IMAGINARY' };

const ACQUISITION_CONTRASTS: Record<string, SeriesReason> = {
  DIFFUSION: seriesReason('DIFFUSION'),
  PERFUSION: seriesReason('PERFUSION'),
  FLOW_ENCODED: seriesReason('FLOW'),
  TAGGING: seriesReason('TAGGING'),
  TEMPERATURE: seriesReason('DERIVED_MAP', { kind: 'TEMPERATURE' }),
  SPECTROSCOPY: seriesReason('SPECTROSCOPY'),
};

/** Words of Series Description of series that do not show anatomy, in the form that `words` gives. */
const DESCRIPTIONS: readonly (readonly [SeriesReason, RegExp])[] = [
  [seriesReason('LOCALIZER'), /\b(?:loc|locali[sz]er|scout|survey|3 ?pl(?:ane?)?)\b/],
  [seriesReason('CALIBRATION'), /\b(?:calib[a-z]*|asset|prescan|shim|ref(?:erence)? ?scan|sense ref)\b/],
  [seriesReason('DERIVED_MAP', { kind: 'ADC' }), /\be?adc\b|apparent diffusion/],
  [
    seriesReason('DERIVED_MAP', { kind: 'DIFFUSION' }),
    /\b(?:trace|tracew|colfa|tensor)\b|\bfa map\b|fractional anisotropy/,
  ],
  [seriesReason('DERIVED_MAP', { kind: 'PERFUSION' }), /\b(?:rel|r)?(?:cbf|cbv|mtt|ttp|tmax)\b/],
  [seriesReason('DERIVED_MAP', { kind: 'SUBTRACTION' }), /\bsubtract(?:ion|ed)?\b/],
  [seriesReason('DERIVED_MAP', { kind: 'FIELD' }), /\b(?:field ?map|b0 ?map|b1 ?map|gre field mapping)\b/],
  [seriesReason('DIFFUSION'), /\b(?:dwi|dti|dki|diff|diffusion|resolve|hardi)\b/],
  [seriesReason('PERFUSION'), /\b(?:perf|perfusion|pwi|dsc|dce|asl|pasl|pcasl)\b/],
  [seriesReason('FUNCTIONAL'), /\b(?:fmri|bold|resting state|rsfmri)\b/],
  [seriesReason('SUSCEPTIBILITY_WEIGHTED'), /\b(?:swi|swan|qsm|venobold)\b/],
  [seriesReason('ANGIOGRAPHY'), /\b(?:mra|mrv|tof|angio[a-z]*|pca)\b/],
  [seriesReason('PROJECTION'), /\b(?:mip|minip)\b/],
  [seriesReason('SPECTROSCOPY'), /\b(?:mrs|svs|csi|press|spectroscopy)\b/],
];

const BRAIN = /brain|head|skull|neuro|cereb|crani|encephal|pituit|hypophys|sella|hirn|kopf|schadel|tete|cerveau/;
const NOT_STATED = /^(?:UNKNOWN|UNDEFINED|OTHER|NONE|NA|N\/A)$/i;
const ELSEWHERE =
  /\b(?:[ctl] ?spine|spine|spinal|cervical|thoracic|lumbar|knee|shoulder|hip|ankle|wrist|elbow|hand|foot|pelvis|pelvic|prostate|abdomen|abdominal|liver|mrcp|breast|cardiac|heart|chest|thorax|kidney|renal|neck|larynx|femur|humerus)\b/;

/** Why an instance is not eligible; null where nothing speaks against it. The first reason counts. */
export function ineligibleInstance(instance: Instance): SeriesReason | null {
  const { modality, sopClassUid, manufacturer, seriesDescription, scan } = instance;
  if (manufacturer?.toLowerCase() === OWN_MANUFACTURER.toLowerCase()) return seriesReason('OWN_RESULT');
  if (modality !== 'MR') return seriesReason('NOT_MR', { modality: codedValue(modality) });
  if (!MR_IMAGES.has(sopClassUid) || instance.numberOfFrames === 0) return seriesReason('NOT_AN_MR_IMAGE');
  const description = words(seriesDescription);
  return (
    byImageType(instance.imageType, instance.scan.scanningSequence.includes('IR')) ??
    ACQUISITION_CONTRASTS[scan.acquisitionContrast ?? ''] ??
    DESCRIPTIONS.find(([, pattern]) => pattern.test(description))?.[0] ??
    (scan.echoPlanar ? seriesReason('ECHO_PLANAR') : null) ??
    otherBodyPart(instance)
  );
}

/** Whether the instance is an MR image of the head, as far as its header says. */
export function isBrainMr(instance: Instance): boolean {
  return instance.modality === 'MR' && MR_IMAGES.has(instance.sopClassUid) && otherBodyPart(instance) === null;
}

/** Why a frame is not eligible although its instance may be: one Enhanced object can hold images and maps. */
export function ineligibleFrame(frame: FrameHeader): SeriesReason | null {
  if ((frame.diffusionBValue ?? 0) > 0) return seriesReason('DIFFUSION');
  const { complexComponent, inversionRecovery } = frame;
  const isRealRecovery = inversionRecovery || typesOf(frame.frameType).has('R IR');
  const isAnatomy = complexComponent === 'MAGNITUDE' || (complexComponent === 'REAL' && isRealRecovery);
  if (complexComponent !== null && !isAnatomy)
    return seriesReason('COMPLEX_COMPONENT', { component: complexComponent });
  return byImageType(frame.frameType, inversionRecovery);
}

function typesOf(imageType: readonly string[]): Set<string> {
  return new Set(imageType.map((value) => value.toUpperCase().replaceAll('_', ' ')));
}

function byImageType(imageType: readonly string[], inversionRecovery: boolean): SeriesReason | null {
  const values = typesOf(imageType);
  const named = IMAGE_TYPES.find(([, names]) => names.some((name) => values.has(name)))?.[0];
  if (named) return named;
  // Inversion recovery is read in its real part, which keeps the sign of the signal.
  const realIsAnatomy = inversionRecovery || values.has('R IR');
  const [component] = [...values].flatMap((value) => {
    const [, imaginaryOrPhase, real] = PHILIPS_COMPONENT.exec(value) ?? [];
    return imaginaryOrPhase ?? (real && !realIsAnatomy ? real : []);
  });
  return component ? seriesReason('COMPLEX_COMPONENT', { component: COMPONENTS[component] }) : null;
}

/**
 * Why the body part is not the brain; null where it is, or is unknown. BodyPartExamined decides; without it, the
 * series' description, then the study's.
 */
function otherBodyPart({ bodyPartExamined, seriesDescription, studyDescription, scan }: Instance): SeriesReason | null {
  const stated = bodyPartExamined && !NOT_STATED.test(bodyPartExamined);
  if (stated)
    return BRAIN.test(words(bodyPartExamined))
      ? null
      : seriesReason('NOT_BRAIN', { bodyPart: codedValue(bodyPartExamined) });
  for (const description of [words(seriesDescription, scan.protocolName), words(studyDescription)]) {
    if (BRAIN.test(description)) return null;
    const part = ELSEWHERE.exec(description)?.[0];
    if (part) return seriesReason('NOT_BRAIN', { bodyPart: part });
  }
  return null;
}

/** A coded value; null for free text in its place, because it may name a patient. */
function codedValue(code: string | null): string | null {
  return code && /^[A-Z0-9_ ]{1,16}$/.test(code) ? code : null;
}
