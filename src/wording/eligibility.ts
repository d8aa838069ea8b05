import type { EligibilityCode } from '../generated/prisma/client.js';
import { counted } from '../output/counted.js';
import { readParameters, type StoredReason } from './parameters.js';

const WORDS: Record<EligibilityCode, string> = {
  ANATOMICAL: '', // said by its parameters
  UPLOADED_PICTURE: 'uploaded as a picture',
  OWN_RESULT: 'our own result',
  NOT_MR: 'not MR',
  NOT_AN_MR_IMAGE: 'not an MR image',
  NO_IMAGES: 'no images',
  NOT_BRAIN: 'not brain',
  LOCALIZER: 'localizer',
  CALIBRATION: 'calibration',
  SCREEN_CAPTURE: 'screen capture',
  DERIVED_MAP: 'derived map',
  PHASE_IMAGE: 'phase image',
  COMPLEX_COMPONENT: 'a part of the complex signal',
  PROJECTION: 'projection',
  MOSAIC: 'mosaic',
  DIFFUSION: 'diffusion',
  PERFUSION: 'perfusion',
  FUNCTIONAL: 'functional MRI',
  FLOW: 'flow',
  TAGGING: 'tagging',
  SPECTROSCOPY: 'spectroscopy',
  SUSCEPTIBILITY_WEIGHTED: 'susceptibility-weighted',
  ANGIOGRAPHY: 'angiography',
  ECHO_PLANAR: 'echo planar (diffusion, perfusion or functional)',
  MIXED_ORIENTATIONS: 'mixed orientations',
  TIME_SERIES: 'time series',
  TOO_FEW_SLICES: 'fewer slices than are needed',
  OTHER_WEIGHTING: 'of another weighting than the model is made for',
  WORDED: 'not stated',
};

/**
 * Says why a series is classified or passed over: "T1 post-contrast axial", "localizer". `code` is null until the
 * series has been examined.
 */
export function sayEligibility({ code, parameters }: StoredReason<EligibilityCode>): string {
  if (code === null) return 'not looked at yet';
  const { bodyPart, component, images, kind, least, madeFor, modality, places, text, weighting } =
    readParameters(parameters);
  switch (code) {
    case 'ANATOMICAL':
      return describe(readParameters(parameters));
    case 'NOT_MR':
      return WORDS.NOT_MR + inBrackets(modality);
    case 'NOT_BRAIN':
      return WORDS.NOT_BRAIN + inBrackets(bodyPart);
    case 'COMPLEX_COMPONENT':
      return component === 'MIXED'
        ? 'parts of the complex signal, mixed'
        : `${component?.toLowerCase()} part of the signal`;
    case 'DERIVED_MAP':
      return WORDS.DERIVED_MAP + inBrackets(kind === 'ADC' ? kind : kind?.toLowerCase());
    case 'TIME_SERIES':
      return `${WORDS.TIME_SERIES} (${counted(Number(images), 'image')} of ${counted(Number(places), 'place')})`;
    case 'TOO_FEW_SLICES':
      return `fewer than ${counted(Number(least), 'slice')}`;
    case 'OTHER_WEIGHTING':
      return `${weighting}, and the model is made for ${madeFor}`;
    case 'WORDED':
      return text ?? WORDS.WORDED;
    default:
      return WORDS[code];
  }
}

function describe({ contrast, orientation, weighting }: Record<string, string | undefined>): string {
  const plane = orientation?.toLowerCase() ?? 'of unknown orientation';
  return weighting
    ? `${weighting}${contrast === 'POST' ? ' post-contrast' : ''} ${plane}`
    : `anatomical MR ${plane}, weighting unknown`;
}

function inBrackets(text: string | undefined): string {
  return text === undefined ? '' : ` (${text})`;
}
