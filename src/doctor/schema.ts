import type { Client } from 'pg';
import { APPLIED, type AppliedMigration, pendingMigrations, readMigrations } from '../database/applyMigrations.js';
import { MIGRATIONS } from '../database/database.js';
import { DatabaseNotUsable } from '../errors/errors.js';
import { QUEUE_SCHEMA } from '../queue/queueSchema.js';
import { type CheckOutcome, failed, ok, warning } from './checkResult.js';

const OLDEST = 130_000; // as server_version_num: 13.0
/** Counts the tables of the public schema that belong to no extension. */
const TABLES = `SELECT count(*)::int AS count FROM pg_catalog.pg_class WHERE relkind = 'r'
  AND relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE objid = pg_class.oid AND deptype = 'e')`;
/** Whether we may create tables, and the queue's schema where it is not there yet. */
const RIGHTS = `SELECT current_user AS "user", current_database() AS database,
  has_schema_privilege('public', 'CREATE') AS tables,
  has_database_privilege(current_database(), 'CREATE') OR to_regnamespace('${QUEUE_SCHEMA}') IS NOT NULL AS schemas`;
const WITHHELD = 'SELECT count(*)::int AS studies FROM "Study" WHERE "withheld" IS NOT NULL';
const OWN = 'Give MRIMaster a database of its own: CREATE DATABASE mrimaster, and set DATABASE_URL to it.';

/** Examines what a start would find in an open database. It only reads. `name`: how people call the database. */
export async function examineSchema(client: Client, name: string): Promise<CheckOutcome> {
  const { rows: versions } = await client.query("SELECT current_setting('server_version_num')::int AS version");
  const version: number = versions[0].version;
  if (version < OLDEST)
    return failed(
      'DATABASE_TOO_OLD',
      `${name} is PostgreSQL ${Math.floor(version / 10_000)}; MRIMaster needs 13 or newer.`,
      'Upgrade PostgreSQL, or leave DATABASE_URL out to use the embedded one.',
    );
  const { rows: there } = await client.query(`SELECT to_regclass('"_prisma_migrations"') IS NOT NULL AS ours`);
  const applied: AppliedMigration[] = there[0].ours ? (await client.query<AppliedMigration>(APPLIED)).rows : [];
  const migrations = await readMigrations(MIGRATIONS);
  const known = applied.filter((row) => migrations.some((migration) => migration.name === row.migration_name));
  const { rows: tables } = await client.query(TABLES);
  const isForeign = applied.length > 0 ? known.length === 0 : tables[0].count > Number(there[0].ours);
  if (isForeign) return failed('DATABASE_FOREIGN', `${name} holds tables of another program.`, OWN);
  if (known.length < applied.length)
    return failed(
      'DATABASE_NEWER',
      `${name} was used by a newer MRIMaster than this one.`,
      'Start that version, or restore the backup from before its first start; DATABASE_URL or DATA_DIR may name the wrong one.',
    );
  const pending = whatIsPending(() => pendingMigrations(migrations, applied));
  if (!Array.isArray(pending)) return pending;
  const { rows } = await client.query(RIGHTS);
  const { user, database, tables: mayMakeTables, schemas: mayMakeSchemas } = rows[0];
  if ((pending.length > 0 && !mayMakeTables) || !mayMakeSchemas)
    return failed(
      'DATABASE_RIGHTS',
      `${name}: ${user} may not create ${mayMakeTables ? 'schemas' : 'tables'} in it.`,
      `As its owner: GRANT CREATE ON DATABASE "${database}" TO "${user}"; GRANT CREATE ON SCHEMA public TO "${user}"; or set DATABASE_URL to another user.`,
    );
  if (pending.length === 0) {
    const { rows: withheld } = await client.query(WITHHELD);
    if (withheld[0].studies > 0)
      return warning(
        'STUDIES_WITHHELD',
        `${name}: the answers of ${withheld[0].studies} studies are withheld, since it is not sure whose studies they are.`,
        'Ask GraphQL for Study.withheld and Study.conflicts, then call resolveConflicts; docs/results.md says when which side is right.',
      );
  }
  const todo = pending.length > 0 ? `the next start applies ${pending.length} migrations` : 'its tables are up to date';
  return ok(`${name}, PostgreSQL ${Math.floor(version / 10_000)}: ${todo}.`);
}

function whatIsPending(ask: () => { name: string }[]): { name: string }[] | CheckOutcome {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof DatabaseNotUsable)) throw error;
    return failed(error.code, error.message, 'Repair the database of DATABASE_URL or DATA_DIR as the message says.');
  }
}
