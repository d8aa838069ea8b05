/**
 * Keys of PostgreSQL's advisory locks, by which processes that share a database exclude each other. PostgreSQL releases
 * a lock with the connection that holds it, so a killed process leaves none behind.
 */
export const ADVISORY_LOCKS = {
  /** Held while migrations are applied. Prisma's own `migrate` uses the same key, so both never run at once. */
  migrations: 72_707_369,
  /** Shared by every process that uses the embedded database. A process that gets it alone may stop the server. */
  presence: 72_707_370,
  /** Held by the one process that serves this DATA_DIR. */
  server: 72_707_371,
  /** Held while rows are added to the audit. */
  audit: 72_707_373,
  /** Held while the active model changes. */
  models: 72_707_374,
} as const;
