/** SOP classes of MR images: MR Image, Enhanced MR Image, Legacy Converted Enhanced MR Image. No other is classified. */
export const MR_IMAGES: ReadonlySet<string> = new Set(
  ['4', '4.1', '4.4'].map((suffix) => `1.2.840.10008.5.1.4.1.1.${suffix}`),
);

/** SOP classes that this program writes (PS3.4 B.5). */
export const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4';
export const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
export const COMPREHENSIVE_3D_SR = '1.2.840.10008.5.1.4.1.1.88.34';
