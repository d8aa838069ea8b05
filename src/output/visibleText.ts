/**
 * What moves a terminal's cursor, colours it, or turns the direction of what is read: control characters (C0, DEL, C1)
 * save line feed and tab, and Unicode's marks, embeddings, overrides and isolates of direction (UAX 9).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from outside, such as a header or the name of a file, as its reader may see it; of JSON it leaves the meaning. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for lines of JSON whose text somebody writes out, escapes undone. */
export function visibleJson(line: string): string {
  return visibleText(line).replace(
    /(?<!\\)((?:\\\\)*)\\(u00[0189][0-9a-f]|u007f|u061c|u20[0-9a-f]{2}|[bfr])/gi,
    '$1\\\\$2',
  );
}
