import { createHmac } from 'node:crypto';
import { uidOfDigest } from '../write/implementation.js';

/**
 * Pseudonyms of UIDs and Patient IDs. Under one key, an original always gets the same pseudonym. Without the key nobody
 * can tell which original a pseudonym belongs to, nor test candidates.
 */
export type Pseudonyms = { uid(original: string): string; patientId(original: string): string };

/** Least length of a key, in bytes: guessing the key must not be easier than guessing what it hides. */
export const KEY_BYTES = 32;

/**
 * Makes pseudonyms by a keyed hash (HMAC-SHA-256). PS3.15 Table E.1-1a requires UIDs to stay consistent within a set of
 * objects; these stay so over all sets with the same key.
 * @param key secret, at least KEY_BYTES bytes.
 * @throws RangeError for a shorter key.
 */
export function createPseudonyms(key: Uint8Array): Pseudonyms {
  if (key.length < KEY_BYTES) throw new RangeError(`A key of ${KEY_BYTES} bytes or more is needed`);
  const digest = (kind: string, original: string) =>
    createHmac('sha256', key).update(`${kind}\0`).update(original, 'latin1').digest('hex');
  return {
    uid: (original) => (isWellKnown(original) ? original : uidOfDigest(digest('uid', original))),
    // 64 bits: with a probability of 99.9 %, a hundred million patients have no pseudonym in common.
    patientId: (original) => digest('patient', original).slice(0, 16).toUpperCase(),
  };
}

/**
 * Whether the standard itself defines this UID (PS3.6 A: frames of reference and palettes), so that it identifies
 * nobody's object.
 */
function isWellKnown(uid: string): boolean {
  return /^1\.2\.840\.10008\.1\.[45]\.\d{1,2}(?:\.\d{1,2})?$/.test(uid);
}
