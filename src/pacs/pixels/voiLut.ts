import type { DataSet } from 'dicom-parser';
import { readItem } from '../header/attributes.js';
import { type LookupTable, readLookupTable } from './lookupTable.js';

/**
 * The first usable table of the VOI LUT Sequence (PS3.3 C.11.2.1.1) that applies to frame `frameNumber` (from 1); null
 * without one.
 * @param signed whether modality values may be negative.
 */
export function readVoiLut(dataSet: DataSet, frameNumber: number, signed: boolean): LookupTable | null {
  const own = dataSet.elements.x52009230?.items?.[frameNumber - 1]?.dataSet ?? null;
  const frameVoiLut = readItem(own, 'x00289132') ?? readItem(readItem(dataSet, 'x52009229'), 'x00289132');
  const item = readItem(frameVoiLut ?? dataSet, 'x00283010');
  // An explicit VR says whether the descriptor is signed.
  const vr = item?.elements.x00283002?.vr;
  try {
    return readLookupTable(item, vr === undefined ? signed : vr === 'SS');
  } catch {
    return null; // the slice is shown without it, as without a usable window
  }
}

/**
 * The table for an image that is mirrored about `sum` / 2: its input becomes `sum` - input, and dark becomes bright.
 */
export function mirrorVoiLut({ first, values, bits }: LookupTable, sum: number): LookupTable {
  const white = (1 << bits) - 1;
  return { first: sum - (first + values.length - 1), values: values.map((value) => white - value).reverse(), bits };
}
