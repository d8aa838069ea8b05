import { BEYOND_PROFILE } from './beyondProfile.js';
import { dictionaryVr } from './dictionary.js';
import { isRemovedGroup, PROFILE, type ProfileAction } from './profile.js';
import type { Element } from './readElements.js';

/** What is done with an element and its content. `clean`: it is kept, and the items of a sequence are cleaned. */
export type Treatment = 'remove' | 'empty' | 'dummy' | 'uid' | 'clean';

/**
 * The treatment for each action of PS3.15 Table E.1-1a. Where a row has several codes, the attribute's type in the
 * object's IOD chooses. We take the last code, which is valid for every type, so that no IOD has to be known: an empty
 * value for types 2 and 3, a dummy for types 1, 2 and 3.
 */
const TREATMENTS: Record<ProfileAction, Treatment> = {
  X: 'remove',
  Z: 'empty',
  D: 'dummy',
  U: 'uid',
  'X/Z': 'empty',
  'X/D': 'dummy',
  'Z/D': 'dummy',
  'X/Z/D': 'dummy',
  'X/Z/U*': 'clean',
};

/** Referenced Study Sequence (X/Z). It is of type 3 in every image: it may be absent, but not without items. */
const REFERENCED_STUDIES = 0x00081110;

/**
 * UIDs that identify nobody: classes, transfer syntaxes, coding schemes, context groups, mapping resources, templates.
 * All others that the profile does not name may identify an instance or a device, and get a pseudonym.
 */
const KEPT_UIDS = new Set([
  0x0008010c, 0x00080117, 0x00080118, 0x00080016, 0x0008001a, 0x0008001b, 0x00080062, 0x00081150, 0x0008115a,
  0x00041510, 0x00041512, 0x0040db0c, 0x00741030, 0x00880010, 0x04000010, 0x04000305, 0x00189424,
]);

/**
 * The treatment of an element. Elements that no edition of the standard names, or whose content cannot be read, are
 * removed.
 */
export function treatmentOf({ tag, items }: Element): Treatment {
  // Group lengths (PS3.5 7.2, retired) would be wrong after changes.
  if (isRemovedGroup(tag) || (tag & 0xffff) === 0) return 'remove';
  const action = PROFILE.get(tag) ?? BEYOND_PROFILE.get(tag);
  const known = dictionaryVr(tag);
  // Elements that no edition names were never assessed, and a sequence that was read as a value was not examined.
  if ((known === null && !action) || (known === 'SQ' && !items)) return 'remove';
  const treatment = action ? TREATMENTS[action] : known === 'UI' && !KEPT_UIDS.has(tag) ? 'uid' : 'clean';
  return tag === REFERENCED_STUDIES || (treatment === 'uid' && items) ? 'remove' : treatment;
}
