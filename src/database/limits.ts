import type { ClientConfig } from 'pg';

/** How long it may take to open a connection, or to get a free one where all are in use. */
const CONNECT_MS = 8_000;
/** PostgreSQL ends a statement that takes longer, so that one that waits for a lock does not block others for ever. */
const STATEMENT_MS = 30_000;

/** Limits of each connection that serves requests and jobs. Migrations may take as long as they need. */
export const CONNECTION_LIMITS = {
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: STATEMENT_MS,
  keepAlive: true,
} satisfies ClientConfig;

/**
 * Limits of each interactive transaction, in milliseconds. Prisma's own 2 and 5 seconds are too short on a busy
 * machine: storing a study would fail though nothing is wrong.
 */
export const TRANSACTION_LIMITS = { maxWait: 10_000, timeout: 60_000 };
