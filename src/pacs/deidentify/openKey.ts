import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DeidentificationKeyInvalid } from '../../errors/errors.js';
import { KEY_BYTES } from './pseudonyms.js';

/**
 * Reads the secret key of a de-identification from `file`: KEY_BYTES random bytes in hexadecimal, readable only by this
 * account. Creates the file where there is none, so that later exports use the same key.
 * @throws DeidentificationKeyInvalid where the file holds something else, or the file system's errors.
 */
export async function openKey(file: string): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const key = randomBytes(KEY_BYTES);
    await writeFile(file, `${key.toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const text = (await readFile(file, 'latin1')).trim();
  if (!new RegExp(`^[0-9a-f]{${KEY_BYTES * 2}}$`, 'i').test(text)) {
    throw new DeidentificationKeyInvalid(
      `${file} holds no key (${KEY_BYTES * 2} hexadecimal digits). Name another file, or none to have one made.`,
    );
  }
  return Buffer.from(text, 'hex');
}
