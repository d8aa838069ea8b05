import { InvalidDicom } from '../../errors/errors.js';

/**
 * Whether `text` is a valid UID (PS3.5 9.1): dotted numbers without leading zeros, 64 characters at most. A valid UID
 * is also a safe file name.
 */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+$/.test(text);
}

/**
 * Returns `text` if it is a valid UID (PS3.5 9.1).
 * @throws InvalidDicom. Its message names `keyword` and never the value, which a hostile sender could choose.
 */
export function requireUid(text: string | null, keyword: string): string {
  if (text === null || text === '') {
    throw new InvalidDicom(`${keyword} is missing. Send the object again from a system that writes complete headers.`);
  }
  if (!isUid(text)) {
    throw new InvalidDicom(
      `${keyword} is not a valid UID (PS3.5 9.1: digits and single dots, no leading zeros, at most 64 characters). ` +
        'Correct it in the sending system.',
    );
  }
  return text;
}
