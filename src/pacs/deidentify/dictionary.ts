import dcmjs from 'dcmjs';

/**
 * The VR that PS3.6 gives a standard attribute, by tag as a number; null where it is not known. It is UN where several
 * VRs are allowed (OB or OW, US or SS); such values are kept or removed, never made.
 */
export function dictionaryVr(tag: number): string | null {
  const hex = tag.toString(16).toUpperCase().padStart(8, '0');
  const vr = dcmjs.data.DicomMetaDictionary.dictionary[`(${hex.slice(0, 4)},${hex.slice(4)})`]?.vr;
  if (vr === undefined) return null;
  return /^[A-Z]{2}$/.test(vr) ? vr : 'UN';
}
