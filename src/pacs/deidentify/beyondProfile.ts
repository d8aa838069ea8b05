import type { ProfileAction } from './profile.js';

/**
 * What Table E.1-1 does not name and what identifies all the same: dates of birth and death in other calendars, free text
 * on where and for whom the examination was requested, and the address that an archive gave out for retrieving the study
 * or series. In this table of ours they are removed.
 */
const REMOVED = [
  0x00081190, // Retrieve URL
  0x00100033, // Patient's Birth Date in Alternative Calendar
  0x00100034, // Patient's Death Date in Alternative Calendar
  0x00100035, // Patient's Alternative Calendar
  0x00400400, // Comments on the Scheduled Procedure Step
  0x00401006, // Placer Order Number / Procedure, retired
  0x00401007, // Filler Order Number / Procedure, retired
];

/** UIDs of instances, which a pseudonym must replace as it does elsewhere. */
const UIDS = [
  0x00081167, // Multi-frame Source SOP Instance UID
  0x00200242, // SOP Instance UID of Concatenation Source
  0x00209312, // Volume Frame of Reference UID
  0x00209313, // Table Frame of Reference UID
];

/** As PROFILE, of attributes that are not in it. */
export const BEYOND_PROFILE: ReadonlyMap<number, ProfileAction> = new Map([
  ...REMOVED.map((tag) => [tag, 'X'] as const),
  ...UIDS.map((tag) => [tag, 'U'] as const),
]);
