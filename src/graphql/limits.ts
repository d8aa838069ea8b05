/** Largest request over HTTP, without an uploaded file, and largest message of a WebSocket. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Largest uploaded file. */
export const MAX_UPLOAD_BYTES = 32 * 2 ** 20;
/** Largest number of lexical tokens, levels and aliases of an operation. */
export const MAX_TOKENS = 2000;
export const MAX_DEPTH = 15;
export const MAX_ALIASES = 50;
/** Largest cost by limitOperation.ts. 50 studies with 20 slices each and their predictions cost about 7,000. */
export const MAX_COST = 20_000;
