import type { ClientConfig } from 'pg';

/** How long a connection may take to be made, or to become free where all are in use. */
const CONNECT_MS = 8_000;
/** PostgreSQL itself ends a statement that takes longer, so that one that waits for a lock holds up nobody for good. */
const STATEMENT_MS = 30_000;

/** For each connection that works for requests and jobs. Migrations may take as long as they need. */
export const CONNECTION_LIMITS = {
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: STATEMENT_MS,
  keepAlive: true,
} satisfies ClientConfig;

/**
 * For every interactive transaction, in milliseconds. Prisma's own 2 and 5 seconds are too few where the machine is busy:
 * what is stored of a study would fail though nothing is wrong.
 */
export const TRANSACTION_LIMITS = { maxWait: 10_000, timeout: 60_000 };
