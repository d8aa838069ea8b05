import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

/** The environment, without the variables that are empty: `PORT=` means that PORT is not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Characters of a wrong value that a message repeats. */
const LONGEST_SHOWN = 60;

/**
 * A whole number in decimal digits, from `minimum` to `maximum`. Messages, here and below, go on after the setting's
 * name, which `describeIssue` puts first.
 */
export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .refine((text) => isWhole(text, minimum, maximum), butIs(`must be a whole number from ${minimum} to ${maximum}`))
    .transform(Number);

/** Whether a text is a whole number in decimal digits, from `minimum` to `maximum`. */
export function isWhole(text: string, minimum: number, maximum: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum;
}

/**
 * A message that repeats the value which came: `must be …, but is "77777".` Only for settings that hold no secret, and
 * not for addresses, which may hold a password.
 * @param must without its full stop.
 */
export const butIs = (must: string) => ({
  error: ({ input }: { input?: unknown }) => `${must}, but is ${quote(input)}.`,
});

/** One of several words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(
  words: T,
  must = `must be one of ${words.join(', ')}`,
) => z.enum(words, butIs(must));

/** `true` or `false`. */
export const flag = () => oneOf(['true', 'false']).transform((word) => word === 'true');

/** An absolute URL of one of `protocols` ("https:"). */
export const address = (protocols: readonly string[], example: string) =>
  z.string().refine((text) => hasProtocol(text, protocols), `must be an address like ${example}.`);

/** Whether a text is an absolute URL of one of `protocols` ("https:"). */
export function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

/**
 * A list of entries separated by commas, at least one. Blanks around entries and empty entries are ignored.
 * @param readEntry turns an entry's text into its value; undefined where it is wrong.
 * @param must says what the list must be, where an entry is wrong; without its full stop.
 * @param shown whether the message repeats the wrong entry. Never where it may be a secret, or an address.
 */
export const list = <T>(readEntry: (text: string) => T | undefined, must: string, shown: 'shown' | 'hidden') =>
  z.string().transform((text, context): T[] => {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    const values = entries.map(readEntry);
    const right = values.filter((value) => value !== undefined);
    if (right.length > 0 && right.length === entries.length) return right;
    const wrong = entries[values.indexOf(undefined)];
    context.addIssue(shown === 'shown' && wrong !== undefined ? `${must}, but has ${quote(wrong)}.` : `${must}.`);
    return z.NEVER;
  });

/** The absolute path of a file or folder, which need not exist. Relative paths are taken from `directory`. */
export const path = (directory: string) => z.string().transform((given) => resolve(directory, given));

/** The text of a PEM file. Its blocks are not examined. */
export const pemFile = (directory: string) =>
  z.string().transform((given, context) => {
    const text = readText(directory, given, context, 'Give its PEM file.');
    if (text === undefined || text.includes('-----BEGIN')) return text ?? z.NEVER;
    context.addIssue(`${given} is no PEM file: it has no line that begins with -----BEGIN.`);
    return z.NEVER;
  });

/**
 * The content of a JSON file, checked by the schema that `schemaOf` makes for the file's absolute path.
 * @param cure says what to do where the file cannot be read, or has another content.
 */
export const jsonFile = <T>(directory: string, cure: string, schemaOf: (file: string) => z.ZodType<T>) =>
  z.string().transform((given, context): T => {
    const text = readText(directory, given, context, cure);
    if (text === undefined) return z.NEVER;
    const json = parseJson(text);
    if (json === undefined) {
      context.addIssue(`${given} is no JSON. Look for a missing comma or quote.`);
      return z.NEVER;
    }
    const { data, error, success } = schemaOf(resolve(directory, given)).safeParse(json);
    if (success) return data;
    for (const { message, path: place } of error.issues)
      context.addIssue({
        code: 'custom',
        path: place.length === 0 && isZods(message) ? ['the whole'] : place,
        message: `${withStop(message)} ${cure}`,
      });
    return z.NEVER;
  });

/**
 * A check across several settings, which also runs when some of them are wrong.
 * @param fault names the settings that do not fit together, and the cure; undefined where they fit. It gets the values
 *   of the settings that are right. Of a wrong one it can only rely on that it is set.
 */
export const across = <T>(fault: (settings: { readonly [Name in keyof T]?: unknown }) => string | undefined) =>
  z.superRefine<T>(
    (settings, context) => {
      const message = fault(settings as { [Name in keyof T]?: unknown });
      if (message !== undefined) context.addIssue(message);
    },
    { when: () => true },
  );

/**
 * Describes one problem, the setting's name first: "PORT must be from 0 to 65535.", "PACS_FILE, main.url: must be …".
 * @param path the setting's name, then the place in its file; empty where the message names the settings itself.
 */
export function describeIssue(path: readonly PropertyKey[], message: string): string {
  const [name, ...place] = path.map(String);
  if (name === undefined) return message;
  return withStop(place.length > 0 ? `${name}, ${place.join('.')}: ${message}` : `${name} ${message}`);
}

/** A value as messages repeat it: cut where it is long. */
function quote(value: unknown): string {
  const text = String(value);
  return text.length > LONGEST_SHOWN ? `"${text.slice(0, LONGEST_SHOWN)} …"` : `"${text}"`;
}

function readText(directory: string, given: string, context: z.RefinementCtx, cure: string): string | undefined {
  try {
    return readFileSync(resolve(directory, given), 'utf8');
  } catch (error) {
    context.addIssue(`${given} cannot be read (${(error as NodeJS.ErrnoException).code}). ${cure}`);
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a message is one of zod's own. Ours go on after a setting's name. */
function isZods(message: string): boolean {
  return /^[A-Z]/.test(message);
}

/** Adds a full stop, which zod's own messages lack. */
function withStop(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}
