import type { Instance } from '../header/parse.js';
import { COMPREHENSIVE_3D_SR, SECONDARY_CAPTURE } from '../header/sopClasses.js';
import { OWN_MANUFACTURER } from '../series/seriesRules.js';

/** Whether any MRIMaster installation wrote this instance. Such results are never classified in turn. */
export function isOwnResult({ manufacturer, sopClassUid }: Pick<Instance, 'manufacturer' | 'sopClassUid'>): boolean {
  const ours = manufacturer?.toLowerCase() === OWN_MANUFACTURER.toLowerCase();
  return ours && (sopClassUid === COMPREHENSIVE_3D_SR || sopClassUid === SECONDARY_CAPTURE);
}
