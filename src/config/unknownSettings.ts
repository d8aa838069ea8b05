import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { suggestionList } from 'graphql/jsutils/suggestionList.js';
import { z } from 'zod';
import { settingsByTheme } from './config.js';

/** How names begin that only MRIMaster would read. */
const OURS = /^(?:DICOM|OIDC|PACS|STUDY|TLS|WEBHOOK)_/;
/** How names begin that others read, too: OpenTelemetry, Node.js, PostgreSQL's library. */
const OTHERS = /^(?:OTEL|NODE|PG)_?/;
/** Most letters that a misspelt name has more or fewer than the right one. */
const MOST_LETTERS = 3;

/**
 * Describes variables of a file .env that look like misspelt settings, with the nearest one: nothing reads them, so the
 * default would hold unnoticed. None where there is no such file. Variables that PACS_FILE names as "$NAME" are right.
 */
export function unknownSettings(path = '.env'): string[] {
  if (!existsSync(path)) return [];
  const given = parseEnv(readFileSync(path, 'utf8'));
  const known = settingNames();
  const archives = given.PACS_FILE && existsSync(given.PACS_FILE) ? readFileSync(given.PACS_FILE, 'utf8') : '';
  return Object.keys(given)
    .filter((name) => !known.includes(name) && !OTHERS.test(name) && !archives.includes(`"$${name}"`))
    .flatMap((name) => {
      const nearest = suggestionList(name, known).find((other) => isAboutAsLong(other, name));
      if (nearest === undefined && !OURS.test(name)) return [];
      const cure = nearest === undefined ? 'docs/settings.md lists them all.' : `Did you mean ${nearest}?`;
      return `The file ${path} sets ${name}, which is no setting of MRIMaster. ${cure}`;
    });
}

function settingNames(): string[] {
  return Object.values(settingsByTheme({}, '.')).flatMap((theme) =>
    Object.keys(z.toJSONSchema(theme, { io: 'input' }).properties ?? {}),
  );
}

function isAboutAsLong(one: string, other: string): boolean {
  return Math.abs(one.length - other.length) <= MOST_LETTERS;
}
