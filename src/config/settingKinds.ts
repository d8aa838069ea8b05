import { readFileSync } from 'node:fs';

/**
 * What a file of settings holds; undefined where that cannot be told.
 * @param say what goes to `problems` then, from "cannot be read (ENOENT)" or "is not JSON".
 */
export function readJsonFile(path: string, problems: string[], say: (fault: string) => string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problems.push(say(code ? `cannot be read (${code})` : 'is not JSON'));
    return undefined;
  }
}
