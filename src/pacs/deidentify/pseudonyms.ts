import { createHmac } from 'node:crypto';
import { uidOfDigest } from '../write/implementation.js';

/**
 * Replacements that are the same wherever the original is, under one key; without the key nobody can tell which
 * original belongs to which, nor try candidates out.
 */
export type Pseudonyms = { uid(original: string): string; patientId(original: string): string };

/** Bytes of a key, at least: guessing it must be no easier than guessing what it hides. */
export const KEY_BYTES = 32;

/**
 * PS3.15 Table E.1-1a asks for UIDs that stay consistent within a set of objects; a keyed hash keeps them so over all.
 * @param key secret, at least KEY_BYTES bytes.
 */
export function createPseudonyms(key: Uint8Array): Pseudonyms {
  if (key.length < KEY_BYTES) throw new RangeError(`A key of ${KEY_BYTES} bytes or more is needed`);
  const digest = (kind: string, original: string) =>
    createHmac('sha256', key).update(`${kind}\0`).update(original, 'latin1').digest('hex');
  return {
    uid: (original) => (isWellKnown(original) ? original : uidOfDigest(digest('uid', original))),
    // 64 bits: a hundred million patients share none with a probability of 99.9 %.
    patientId: (original) => digest('patient', original).slice(0, 16).toUpperCase(),
  };
}

/** PS3.6 A: frames of reference and palettes that the standard itself defines; they name nobody's object. */
function isWellKnown(uid: string): boolean {
  return /^1\.2\.840\.10008\.1\.[45]\.\d{1,2}(?:\.\d{1,2})?$/.test(uid);
}
