import { readFileSync } from 'node:fs';
import { MrimasterError } from '../errors/errors.js';

/** A file .env with values that Node.js would cut. */
export class EnvFileInvalid extends MrimasterError {
  override readonly code = 'ENV_FILE_INVALID';
}

const QUOTES = ['"', "'", '`'];

/**
 * Adds the settings of a file .env to the environment. Variables that are set already win. Node.js reads the file, and
 * silently cuts a value at "#", and at the second quote of the kind that it begins with.
 * @throws EnvFileInvalid with the lines whose values would be cut, without the values.
 */
export function loadEnvFile(path = '.env'): void {
  const problems = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const [, name = '', value = ''] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      const problem = problemOf(value);
      return problem ? [`  - line ${index + 1}, ${name}: ${problem}`] : [];
    });
  if (problems.length > 0)
    throw new EnvFileInvalid(`The file ${path} holds values that would be cut:\n${problems.join('\n')}`);
  process.loadEnvFile(path);
}

function problemOf(value: string): string | undefined {
  const quote = QUOTES.find((mark) => value.startsWith(mark));
  if (quote === undefined)
    return /[^\s#]#/.test(value.replace(/\s#.*$/, ''))
      ? `it holds "#", where a value without quotes ends. Put it into quotes: 'a#b'.`
      : undefined;
  const end = value.indexOf(quote, 1);
  if (end < 0)
    return `its quote ${quote} is never closed in this line. Close it, or put the value into quotes of another kind.`;
  return /^\s*(?:#.*)?$/.test(value.slice(end + 1))
    ? undefined
    : `it goes on behind its second ${quote}. Put it into quotes of another kind, of ' and " and \`.`;
}
