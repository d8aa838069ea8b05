import type { Instance } from '../header/parse.js';
import { OWN_MANUFACTURER } from '../series/seriesRules.js';

export const COMPREHENSIVE_3D_SR = '1.2.840.10008.5.1.4.1.1.88.34';
export const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/** Whether the instance is a result that a MRIMaster wrote, this one or another: it must start no new one. */
export function isOwnResult({ manufacturer, sopClassUid }: Pick<Instance, 'manufacturer' | 'sopClassUid'>): boolean {
  const ours = manufacturer?.toLowerCase() === OWN_MANUFACTURER.toLowerCase();
  return ours && (sopClassUid === COMPREHENSIVE_3D_SR || sopClassUid === SECONDARY_CAPTURE);
}
