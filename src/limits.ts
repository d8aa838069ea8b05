/** Of one request, over HTTP or as a message of a WebSocket. */
export const MAX_BODY_BYTES = 256 * 1024;
export const MAX_TOKENS = 2000;
