/** Of one request, over HTTP or as a message of a WebSocket. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Of a file that comes with one. */
export const MAX_UPLOAD_BYTES = 32 * 2 ** 20;
export const MAX_TOKENS = 2000;
export const MAX_DEPTH = 15;
export const MAX_ALIASES = 50;
/** See limitOperation.ts; 50 studies with 20 slices and their predictions cost some 7,000. */
export const MAX_COST = 20_000;
