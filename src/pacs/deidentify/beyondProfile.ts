import type { ProfileAction } from './profile.js';

/**
 * Identifying attributes that Table E.1-1 does not name. We remove them: dates of birth and death in other calendars,
 * free text on where and for whom the examination was requested, and the address from which an archive offers the study
 * or series.
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

/** UIDs of instances that Table E.1-1 does not name. They get pseudonyms as elsewhere. */
const UIDS = [
  0x00081167, // Multi-frame Source SOP Instance UID
  0x00200242, // SOP Instance UID of Concatenation Source
  0x00209312, // Volume Frame of Reference UID
  0x00209313, // Table Frame of Reference UID
];

/** The action for attributes that PROFILE does not have. */
export const BEYOND_PROFILE: ReadonlyMap<number, ProfileAction> = new Map([
  ...REMOVED.map((tag) => [tag, 'X'] as const),
  ...UIDS.map((tag) => [tag, 'U'] as const),
]);
