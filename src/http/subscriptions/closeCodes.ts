/** The server goes away; a client of graphql-ws connects and subscribes again (RFC 6455 7.4.1). */
export const GOING_AWAY = 1001;
/** The client may have missed something, so it connects and subscribes again (IANA's registry of RFC 6455). */
export const SERVICE_RESTART = 1012;
/** The caller is not authenticated, or no longer (graphql-transport-ws). */
export const UNAUTHORIZED = 4401;
/** The caller holds too many sockets. */
export const TOO_MANY = 4429;
