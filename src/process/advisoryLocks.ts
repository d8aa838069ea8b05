/**
 * Keys of PostgreSQL's advisory locks, by which processes at one database keep out of each other's way. PostgreSQL drops a
 * lock with the connection that holds it, so a process that is killed leaves none behind.
 */
export const ADVISORY_LOCKS = {
  /** Migrations. The key is the one that Prisma's own `migrate` locks, so that both never run at once. */
  migrations: 72_707_369,
  /** Shared by every process that uses the embedded database; whoever gets it alone may stop the server. */
  presence: 72_707_370,
  /** The one process that serves this DATA_DIR. */
  server: 72_707_371,
  /** Rows that are added to the audit. */
  audit: 72_707_373,
  /** A change of the active model. */
  models: 72_707_374,
} as const;
