import { MrimasterError } from '../errors/errors.js';
import type { Instance } from '../pacs/header/parse.js';
import { parseFile } from '../pacs/header/parseFile.js';

/** Reads the headers of a received file. @returns undefined where the file is gone, or was damaged since. */
export async function parseReceived(path: string): Promise<Instance | undefined> {
  try {
    return await parseFile(path);
  } catch (error) {
    if (error instanceof MrimasterError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
