import type { DataSet } from 'dicom-parser';
import { readDecimal, readDouble, readItem, readItems, readString, readStrings, readText } from './attributes.js';

/**
 * How an MR series was acquired, as far as the choice of series needs it. Times in ms.
 * `contrast`: a contrast agent is named, as a string or as an item of the Enhanced agent sequence.
 */
export type Scan = {
  scanningSequence: readonly string[];
  sequenceVariant: readonly string[];
  sequenceName: string | null;
  protocolName: string | null;
  acquisitionContrast: string | null;
  echoPlanar: boolean;
  contrast: boolean;
  contrastBolusAgent: string | null;
  repetitionTime: number | null;
  echoTime: number | null;
  inversionTime: number | null;
  burnedInAnnotation: boolean;
};

/** Reads the acquisition attributes of MR (PS3.3 C.8.3.1) and Enhanced MR (C.8.13) objects. */
export function readScan(dataSet: DataSet, characterSets: readonly string[]): Scan {
  const shared = readItem(dataSet, 'x52009229');
  const first = readItem(dataSet, 'x52009230');
  const macro = (tag: string): DataSet => readItem(shared, tag) ?? readItem(first, tag) ?? dataSet;
  const scanningSequence = readStrings(dataSet, 'x00180020').filter((value) => value !== '');
  const contrastBolusAgent = readText(dataSet, 'x00180010', characterSets);
  const modifier = macro('x00189115'); // MR Modifier
  return {
    scanningSequence,
    sequenceVariant: readStrings(dataSet, 'x00180021').filter((value) => value !== ''),
    sequenceName: readText(dataSet, 'x00180024', characterSets) ?? readText(dataSet, 'x00189005', characterSets),
    protocolName: readText(dataSet, 'x00181030', characterSets),
    acquisitionContrast: readString(dataSet, 'x00089209') ?? readString(macro('x00189226'), 'x00089209'),
    echoPlanar: scanningSequence.includes('EP') || readString(dataSet, 'x00189018') === 'YES',
    contrast: (contrastBolusAgent !== null && !/^(?:no|none)$/i.test(contrastBolusAgent)) || hasAgent(dataSet),
    contrastBolusAgent,
    repetitionTime: readDecimal(macro('x00189112'), 'x00180080'), // MR Timing and Related Parameters
    echoTime: readDouble(macro('x00189114'), 'x00189082') ?? readDecimal(dataSet, 'x00180081'), // MR Echo
    inversionTime: readDouble(modifier, 'x00189079') ?? readDecimal(dataSet, 'x00180082'),
    burnedInAnnotation: readString(dataSet, 'x00280301') === 'YES',
  };
}

function hasAgent(dataSet: DataSet): boolean {
  return readItems(dataSet, 'x00180012').length > 0;
}
