import pTimeout from 'p-timeout';
import { APPLIED, type AppliedMigration, pendingMigrations, readMigrations } from '../database/applyMigrations.js';
import { MIGRATIONS } from '../database/database.js';
import { asKnown } from '../errors/asKnown.js';
import { DatabaseUnavailable, MrimasterError } from '../errors/errors.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Models } from '../models/models.js';
import type { Missing } from './missing.js';
import { storeMissing } from './storeMissing.js';

/** What a probe waits for at most; a database that is slower than this is as good as none. */
const ANSWER_MS = 2_000;

/** STARTING until everything runs, STOPPING from the moment that the process was asked to end. */
export type Phase = 'STARTING' | 'RUNNING' | 'STOPPING';

/** Whether to send work here. An archive that is down is no part of it: what is here can be read, and jobs wait. */
export type Readiness = {
  phase: Phase;
  missing(): Promise<Missing[]>;
  /** Why no job may be taken from the queue: another process has what this one lacks. */
  missingForJobs(): Promise<Missing | null>;
};

/** @param receivedDir where received bytes lie. */
export function createReadiness(
  prisma: PrismaClient,
  models: Pick<Models, 'active'> & Partial<Pick<Models, 'lacking'>>,
  receivedDir?: string,
): Readiness {
  const migrations = readMigrations(MIGRATIONS);
  migrations.catch(() => {}); // told by whoever asks
  const readiness: Readiness = {
    phase: 'STARTING',
    missing: async () =>
      [
        phaseMissing(readiness.phase),
        modelMissing(models),
        ...(await Promise.all([databaseMissing(), receivedDir === undefined ? null : storeMissing(receivedDir)])),
      ].filter((one) => one !== null),
    missingForJobs: async () => {
      const missing = modelMissing(models) ?? (await databaseMissing());
      return missing?.part === 'database' ? null : missing; // then nothing can be taken anyway
    },
  };

  /** One query tells both: whether the database answers, and what is migrated. */
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
