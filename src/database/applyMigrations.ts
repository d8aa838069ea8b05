import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { DatabaseNotThere, DatabaseNotUsable } from '../errors/errors.js';
import { ADVISORY_LOCKS } from '../process/advisoryLocks.js';
import { isPassing } from './isPassing.js';

/** Prisma's bookkeeping table, as `prisma migrate` creates it. */
const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/** Query for Prisma's record of the migrations of a database, in their order. */
export const APPLIED =
  'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL';

/** One row of that record. `finished_at`: null where the migration was begun and not finished. */
export type AppliedMigration = { migration_name: string; checksum: string; finished_at: Date | null };

/**
 * Applies the migrations in `folder` that the database lacks, and records them as Prisma does. Processes that start at
 * the same time wait for each other. Each migration and its record are one transaction, so a crash leaves it wholly
 * done or wholly undone.
 * @returns the names of the migrations that were applied now.
 * @throws DatabaseNotUsable when the database's history differs from the folder's.
 */
export async function applyMigrations(client: Client, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder);
  await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS.migrations]);
  try {
    await client.query(BOOKKEEPING);
    const { rows } = await client.query<AppliedMigration>(APPLIED);
    const pending = pendingMigrations(migrations, rows);
    for (const migration of pending) await applyMigration(client, migration);
    return pending.map(({ name }) => name);
  } catch (error) {
    if (error instanceof DatabaseNotUsable) throw error;
    if (isPassing((error as NodeJS.ErrnoException).code))
      throw new DatabaseNotThere(`The database went away while it was migrated: ${(error as Error).message}.`);
    throw new DatabaseNotUsable(
      `The database cannot be migrated: ${(error as Error).message}. Its user needs the right to create tables and schemas.`,
    );
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS.migrations]).catch(() => {}); // gone with its connection
  }
}

/** A migration of ours. `checksum`: SHA-256 of its SQL, in hexadecimal digits, as Prisma has it. */
export type Migration = { name: string; sql: string; checksum: string };

/** Reads the migrations of `folder`, in their order. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * The migrations that the database lacks.
 * @param rows the database's record.
 * @throws DatabaseNotUsable when its history differs from ours.
 */
export function pendingMigrations(migrations: Migration[], rows: AppliedMigration[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    const migration = known.get(row.migration_name);
    if (!migration)
      throw new DatabaseNotUsable(
        `The database has migration ${row.migration_name}, which this version of MRIMaster does not know: a newer version used it. Start that version, or use another database.`,
      );
    if (!row.finished_at)
      throw new DatabaseNotUsable(
        `Migration ${row.migration_name} failed half-way. Repair the database, then mark it with \`npx prisma@7 migrate resolve\`.`,
      );
    if (row.checksum !== migration.checksum)
      throw new DatabaseNotUsable(
        `Migration ${row.migration_name} was edited after it had been applied. Restore the file prisma/migrations/${row.migration_name}/migration.sql and write a new migration instead.`,
      );
  }
  const applied = new Set(rows.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !applied.has(name));
}

async function applyMigration(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // gone with its connection
    if (isPassing((error as NodeJS.ErrnoException).code)) throw error;
    throw new DatabaseNotUsable(
      `Migration ${name} failed and was undone: ${(error as Error).message}. Nothing was changed.`,
    );
  }
}
