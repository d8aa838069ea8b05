import type { Instance } from '../header/parse.js';

/**
 * The MR sequence of an anatomical series, as a radiologist would call it. `weighting`: null where nothing tells it.
 */
export type Sequence = { weighting: 'T1' | 'T2' | 'T2*' | 'FLAIR' | 'PD' | null; postContrast: boolean };

/** Joins descriptions in lower case, with single blanks between words: "AX_T1 (Post)" becomes "ax t1 post". */
export function words(...texts: (string | null)[]): string {
  return texts
    .map((text) => text ?? '')
    .join(' ')
    .toLowerCase()
    .replace(/[^a-z0-9*+]+/g, ' ')
    .trim();
}

// The first match counts. GE's "T1 FLAIR" is a T1 image; "T2 FLAIR" is not a T2 image.
const DESCRIBED: readonly (readonly [RegExp, NonNullable<Sequence['weighting']>])[] = [
  [/\b[es]?t1(?!\d)|mp2?rage|spgr|\bbravo\b|\bvibe\b|\btfl3?d?\b|\bmdeft\b/, 'T1'],
  [/flair|\btirm\b|dark fluid/, 'FLAIR'],
  [/\bt2 ?(?:\*|star|gre\b)|\b(?:gre|ge|fl2d) t2\b|\bhemo\b/, 'T2*'],
  [/\b[es]?t2(?!\d)|\bciss\b|\bfiesta\b/, 'T2'],
  [/\bpd(?:w|fs)?\b|proton/, 'PD'],
];

const ACQUISITION_CONTRAST: Record<string, NonNullable<Sequence['weighting']>> = {
  T1: 'T1',
  T2: 'T2',
  T2_STAR: 'T2*',
  FLUID_ATTENUATED: 'FLAIR',
  PROTON_DENSITY: 'PD',
};

const AGENT = /\b(?:post|gd|gad[a-z]*|ce|contrast|km|dotarem)\b|\+ ?(?:c|gd|k|km)\b|\bc\+/;
const NO_AGENT = /\b(?:pre|non|without|wo|w o|native?|nativ|no)\b/;

/**
 * Recognises the weighting of a series from its description, else from Enhanced MR's AcquisitionContrast, else from its
 * times.
 * A T1 series is post-contrast where its description says so, or where an agent is recorded and the description does
 * not deny it. Copied protocols carry the agent's name into images without it.
 */
export function recogniseSequence({ seriesDescription, scan, imageType }: Instance): Sequence {
  const description = words(seriesDescription, scan.protocolName);
  const weighting =
    DESCRIBED.find(([pattern]) => pattern.test(words(seriesDescription)))?.[1] ??
    DESCRIBED.find(([pattern]) => pattern.test(description))?.[1] ??
    ACQUISITION_CONTRAST[scan.acquisitionContrast ?? ''] ??
    ACQUISITION_CONTRAST[imageType[2] ?? ''] ??
    byTimes(scan);
  const agent = AGENT.test(description) || scan.contrast;
  return { weighting, postContrast: weighting === 'T1' && agent && !NO_AGENT.test(words(seriesDescription)) };
}

/** The weighting by textbook ranges of times, in ms; null between the ranges. */
function byTimes({ repetitionTime: tr, echoTime: te, inversionTime: ti, scanningSequence }: Instance['scan']) {
  if (tr === null || te === null) return null;
  if (ti !== null && ti >= 1500 && tr >= 4000) return 'FLAIR';
  if (scanningSequence.includes('GR')) return tr <= 50 && te <= 10 ? 'T1' : null;
  if (tr <= 1000 && te <= 30) return 'T1';
  if (tr >= 1800 && te >= 70) return 'T2';
  if (tr >= 1800 && te <= 40) return 'PD';
  return null;
}
