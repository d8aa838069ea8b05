import type { Instance } from './parse.js';
import { OWN_MANUFACTURER } from './seriesRules.js';

/** Whether we made it: archives send the results that they were given on to everyone, us included. */
export function isOwnResult({ manufacturer }: Instance): boolean {
  return manufacturer === OWN_MANUFACTURER;
}
