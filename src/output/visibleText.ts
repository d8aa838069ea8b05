/**
 * Characters that move a terminal's cursor, colour it, or change the direction of text: control characters (C0, DEL,
 * C1) except line feed and tab, and Unicode's marks, embeddings, overrides and isolates of direction (UAX 9).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Writes such characters of a text from outside (a header, a file name) as escapes. The meaning of JSON stays. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for a line of JSON that somebody will print with its escapes undone. */
export function visibleJson(line: string): string {
  return visibleText(line).replace(
    /(?<!\\)((?:\\\\)*)\\(u00[0189][0-9a-f]|u007f|u061c|u20[0-9a-f]{2}|[bfr])/gi,
    '$1\\\\$2',
  );
}
