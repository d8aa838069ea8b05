import pTimeout from 'p-timeout';
import { APPLIED, type AppliedMigration, pendingMigrations, readMigrations } from '../database/applyMigrations.js';
import { MIGRATIONS } from '../database/database.js';
import { asKnown } from '../errors/asKnown.js';
import { DatabaseUnavailable, MrimasterError } from '../errors/errors.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Models } from '../models/models.js';
import type { Missing } from './missing.js';
import { storeMissing } from './storeMissing.js';

/** How long a probe waits. A slower database counts as one that does not answer. */
const ANSWER_MS = 2_000;

/** STARTING until everything runs; STOPPING from the moment when the process is asked to end. */
export type Phase = 'STARTING' | 'RUNNING' | 'STOPPING';

/**
 * Whether this process can do its work. Archives do not count: without them stored answers can be read, and jobs wait.
 */
export type Readiness = {
  phase: Phase;
  /** What keeps this process from doing its work; empty where nothing does. */
  missing(): Promise<Missing[]>;
  /** Why this process must take no job from the queue, which another process may be able to do; null where it may. */
  missingForJobs(): Promise<Missing | null>;
};

/** @param receivedDir folder of received files; without it, whether they can be stored is not checked. */
export function createReadiness(
  prisma: PrismaClient,
  models: Pick<Models, 'active'> & Partial<Pick<Models, 'lacking'>>,
  receivedDir?: string,
): Readiness {
  const migrations = readMigrations(MIGRATIONS);
  migrations.catch(() => {}); // `databaseMissing` awaits it, and reports a failure
  const readiness: Readiness = {
    phase: 'STARTING',
    missing: async () =>
      [
        phaseMissing(readiness.phase),
        modelMissing(models),
        ...(await Promise.all([databaseMissing(), receivedDir === undefined ? null : storeMissing(receivedDir)])),
      ].filter((part) => part !== null),
    missingForJobs: async () => {
      const missing = modelMissing(models) ?? (await databaseMissing());
      return missing?.part === 'database' ? null : missing; // without a database no job can be taken anyway
    },
  };

  /** Checks by one query whether the database answers, and whether its migrations are ours. */
  async function databaseMissing(): Promise<Missing | null> {
    try {
      const rows = await pTimeout(prisma.$queryRawUnsafe<AppliedMigration[]>(APPLIED), {
        milliseconds: ANSWER_MS,
        fallback: tooSlow,
      });
      const pending = pendingMigrations(await migrations, rows);
      if (pending.length === 0) return null;
      const names = pending.map(({ name }) => name).join(', ');
      const message = `The database lacks ${names}. Restart MRIMaster, which applies it.`;
      return { part: 'migrations', code: 'MIGRATIONS_PENDING', message };
    } catch (error) {
      const known = asKnown(error);
      if (known instanceof DatabaseUnavailable)
        return { part: 'database', code: known.code, message: 'The database does not answer. See that it runs.' };
      if (known instanceof MrimasterError) return { part: 'migrations', code: known.code, message: known.message };
      const message = 'The database does not tell what is migrated. See that nobody has dropped its tables.';
      return { part: 'migrations', code: 'MIGRATIONS_UNKNOWN', message };
    }
  }
  return readiness;
}

function tooSlow(): never {
  throw new DatabaseUnavailable('The database is slow.');
}

function phaseMissing(phase: Phase): Missing | null {
  if (phase === 'RUNNING') return null;
  const message = phase === 'STARTING' ? 'It is starting. Wait.' : 'It is shutting down. Ask another one.';
  return { part: 'process', code: phase, message };
}

function modelMissing({ active, lacking }: Pick<Models, 'active'> & Partial<Pick<Models, 'lacking'>>): Missing | null {
  if (lacking !== undefined) return { part: 'model', code: 'MODEL_NOT_FOUND', message: lacking };
  if (active.classifier.isLoaded()) return null;
  const message = 'The model is not loaded. See that MODELS_DIR is there and readable, then restart MRIMaster.';
  return { part: 'model', code: 'MODEL_NOT_LOADED', message };
}
