import { InvalidDicom } from '../../errors/errors.js';

/**
 * Whether `text` can be read as a UID: dotted numbers, 64 characters at most. PS3.5 9.1 forbids leading zeros in a component;
 * old data have them, so they are read and kept as they came. We write none of our own. A UID is also a safe file name.
 */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^\d+(?:\.\d+)+$/.test(text);
}

/**
 * Returns `text` if it can be read as a UID.
 * @throws InvalidDicom. Its message names `keyword` and never the value, which a hostile sender could choose.
 */
export function requireUid(text: string | null, keyword: string): string {
  if (text === null || text === '') {
    throw new InvalidDicom(`${keyword} is missing. Send the object again from a system that writes complete headers.`);
  }
  if (!isUid(text)) {
    throw new InvalidDicom(
      `${keyword} is not a valid UID (PS3.5 9.1: digits and single dots, at most 64 characters). ` +
        'Correct it in the sending system.',
    );
  }
  return text;
}
