/** Kinds of images that are no anatomy, by what a header says of them. */
export type PassedOverKind =
  | 'LOCALIZER'
  | 'CALIBRATION'
  | 'SCREEN_CAPTURE'
  | 'DERIVED_MAP'
  | 'PHASE_IMAGE'
  | 'COMPLEX_COMPONENT'
  | 'PROJECTION'
  | 'MOSAIC'
  | 'DIFFUSION'
  | 'PERFUSION'
  | 'FUNCTIONAL'
  | 'FLOW'
  | 'TAGGING'
  | 'SPECTROSCOPY'
  | 'SUSCEPTIBILITY_WEIGHTED'
  | 'ANGIOGRAPHY'
  | 'ECHO_PLANAR';

/**
 * Why a series is classified, or passed over: a code and what its words need (wording/eligibility.ts). No patient data.
 * ANATOMICAL is the only code of a series that is classified.
 */
export type SeriesReason = {
  code:
    | PassedOverKind
    | 'ANATOMICAL'
    | 'OWN_RESULT'
    | 'NOT_MR'
    | 'NOT_AN_MR_IMAGE'
    | 'NO_IMAGES'
    | 'NOT_BRAIN'
    | 'MIXED_ORIENTATIONS'
    | 'TIME_SERIES'
    | 'TOO_FEW_SLICES'
    | 'OTHER_WEIGHTING';
  parameters: Record<string, string | number>;
};

/** @param parameters without those that are undefined or null. */
export function seriesReason(
  code: SeriesReason['code'],
  parameters: Record<string, string | number | null | undefined> = {},
): SeriesReason {
  const stated = Object.entries(parameters).filter((entry): entry is [string, string | number] => entry[1] != null);
  return { code, parameters: Object.fromEntries(stated) };
}
