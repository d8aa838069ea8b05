import { BurnedInAnnotation, CannotDeidentify } from '../../errors/errors.js';
import { textOf } from './applyProfile.js';
import type { Element } from './readElements.js';
import { treatmentOf } from './treatment.js';

/** Pixel Data, Float Pixel Data, Double Float Pixel Data. */
const PIXELS = [0x7fe00010, 0x7fe00008, 0x7fe00009];

/**
 * SOP classes of images that a scanner computes without a screen or a camera in between: MR, CT and PET with their
 * enhanced and legacy converted kinds, segmentations and parametric maps (PS3.4 B.5). Objects of all other classes need
 * a BurnedInAnnotation of NO.
 */
const COMPUTED = new Set(
  ['2', '2.1', '2.2', '4', '4.1', '4.4', '128', '128.1', '130', '66.4', '66.7', '30'].map(
    (end) => `1.2.840.10008.5.1.4.1.1.${end}`,
  ),
);

/** Values of Image Type (0008,0008) of pictures of a screen or a page. */
const OF_A_SCREEN = /SCREEN|CAPTURE|REPORT|PASTED|HARDCOPY|DIGITI[SZ]ED/;

/**
 * Refuses objects that the Basic Profile does not clean. Cleaning pixels is an option of its own (PS3.15 E.3.1).
 * @param elements top-level elements of the data set; `bytes` is what they lie in.
 * @throws BurnedInAnnotation where text in the pixels is stated or likely, CannotDeidentify for objects that are not
 *   images, or hold free text.
 */
export function refuseUncleanable(elements: readonly Element[], bytes: Uint8Array): void {
  const byTag = new Map(elements.map((element) => [element.tag, element]));
  const text = (tag: number) => {
    const element = byTag.get(tag);
    return element ? textOf(element, { bytes }).toUpperCase() : '';
  };
  if (!PIXELS.some((tag) => byTag.has(tag))) {
    throw new CannotDeidentify(
      'Only images can be de-identified: reports, documents, waveforms and plans hold free text. Leave this object out.',
    );
  }
  if (elements.some((element) => holdsFreeText(element, bytes))) {
    throw new CannotDeidentify(
      'A content item of the object holds free text (Text Value, 0040,A160), in which somebody may be named. Have it taken out first, or leave the object out.',
    );
  }
  if (elements.some((element) => isOverlayInPixels(element, bytes))) {
    throw new BurnedInAnnotation(
      'An overlay lies in unused bits of the pixels. Have it moved to Overlay Data or taken out first, or leave it out.',
    );
  }
  const stated = text(0x00280301);
  if (stated === 'NO') return;
  if (stated === 'YES') {
    throw new BurnedInAnnotation(
      'Its header says that text is burned into the pixels (BurnedInAnnotation YES). Leave it out, or have the pixels cleaned and BurnedInAnnotation set to NO first.',
    );
  }
  const computed = COMPUTED.has(text(0x00080016)) && byTag.has(0x00280002) && samples(byTag, bytes) === 1;
  // Conversion Type (0008,0064) belongs to digitised or captured images (PS3.3 C.8.6.1).
  const captured = text(0x00080064) !== '' || OF_A_SCREEN.test(text(0x00080008));
  if (stated === '' && computed && !captured) return;
  throw new BurnedInAnnotation(
    'Text may be burned into the pixels of an object of this kind, and its header does not say that there is none. Look at it, and have BurnedInAnnotation set to NO if so, or leave it out.',
  );
}

/** SamplesPerPixel (0028,0002), read without regard to byte order. A colour picture was made for a screen. */
function samples(byTag: Map<number, Element>, bytes: Uint8Array): number {
  const { valueStart, end } = byTag.get(0x00280002) as Element;
  return bytes.subarray(valueStart, end).reduce((sum, byte) => sum + byte, 0);
}

/**
 * Whether an overlay lies in unused bits of the pixels (retired): Overlay Bit Position (60xx,0102) other than 0, or
 * Overlay Bits Allocated (60xx,0100) other than 1.
 */
function isOverlayInPixels({ tag, valueStart, end }: Element, bytes: Uint8Array): boolean {
  if (tag >>> 24 !== 0x60) return false;
  if (valueStart === end) return false;
  const sum = bytes.subarray(valueStart, end).reduce((total, byte) => total + byte, 0);
  return ((tag & 0xffff) === 0x0102 && sum !== 0) || ((tag & 0xffff) === 0x0100 && sum !== 1);
}

/** Text Value of content items, which structured reports have, and some images. The profile has no action for it. */
const TEXT_VALUE = 0x0040a160;

function holdsFreeText(element: Element, bytes: Uint8Array): boolean {
  if (treatmentOf(element) !== 'clean') return false; // its content is replaced or removed
  if (element.tag === TEXT_VALUE) return textOf(element, { bytes }) !== '';
  return element.items?.some((item) => item.some((nested) => holdsFreeText(nested, bytes))) ?? false;
}
