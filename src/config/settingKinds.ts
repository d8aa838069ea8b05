import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

/** The environment, without the variables that are empty: `PORT=` means that PORT is not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A whole number in decimal digits, from `minimum` to `maximum`.
 * Here and below: messages leave the setting's name out, which `describeIssue` puts before them.
 */
export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${minimum} to ${maximum}.`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `must be from ${minimum} to ${maximum}.`);

/** One of a few words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(
  words: T,
  message = `must be one of ${words.join(', ')}.`,
) => z.enum(words, { error: message });

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
 * Entries parted by commas: one at least, blanks around them and empty ones left out.
 * @param readEntry makes a value of an entry's text; undefined where it is none.
 * @param message what is said of the list where one entry is wrong.
 */
export const list = <T>(readEntry: (text: string) => T | undefined, message: string) =>
  z.string().transform((text, context): T[] => {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map(readEntry);
    const values = entries.filter((entry) => entry !== undefined);
    if (values.length > 0 && values.length === entries.length) return values;
    context.addIssue(message);
    return z.NEVER;
  });

/** A file or folder, made absolute: relative paths are taken from `directory`. It need not exist. */
export const path = (directory: string) => z.string().transform((given) => resolve(directory, given));

/** The text of a PEM file. What its blocks hold is not looked at. */
export const pemFile = (directory: string) =>
  z.string().transform((given, context) => {
    const text = readText(directory, given, context, 'Give its PEM file.');
    if (text === undefined || text.includes('-----BEGIN')) return text ?? z.NEVER;
    context.addIssue(`${given} is no PEM file: it has no line that begins with -----BEGIN.`);
    return z.NEVER;
  });

/**
 * What a JSON file holds, checked by the schema that `schemaOf` makes for the file's absolute path.
 * @param cure what is said where the file cannot be read, or holds something else.
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
 * A check across several settings, which runs also where some of them are wrong.
 * @param fault what it says of them, with their names and the cure; undefined where they go together. It is given the
 * values of the settings that are right. Of one that is wrong it can only tell that it is set.
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
 * One problem in words, the setting's name first: "PORT must be from 0 to 65535.", "PACS_FILE, main.url: must be …".
 * @param path the setting's name, behind it the place in its file; empty where the message names the settings itself.
 */
export function describeIssue(path: readonly PropertyKey[], message: string): string {
  const [name, ...place] = path.map(String);
  if (name === undefined) return message;
  return withStop(place.length > 0 ? `${name}, ${place.join('.')}: ${message}` : `${name} ${message}`);
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

/** Our own messages go on behind a setting's name. */
function isZods(message: string): boolean {
  return /^[A-Z]/.test(message);
}

/** zod's own messages end without one. */
function withStop(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}
