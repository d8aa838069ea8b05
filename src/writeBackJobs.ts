import { randomUUID } from 'node:crypto';
import type { Context } from './context.js';
import { describeStudy } from './describeStudy.js';
import { asKnown } from './formatError.js';
import { type Prisma, ReportKind, type Study } from './generated/prisma/client.js';
import { WRITE_BACK, type WriteBackHandlers } from './queue.js';
import { reportUids } from './readResult.js';
import { ruleFor } from './rules.js';
import { writeBack } from './writeBack.js';

/**
 * Queues the write-back of a study's answer, within the transaction that stores it: to the archives that its rule names,
 * and with WRITE_BACK=true to that which it came from. What is stored there already is not sent again.
 */
export async function enqueueWriteBacks(context: Context, tx: Prisma.TransactionClient, study: Study): Promise<void> {
  const { model, queue } = context;
  const { id: studyId, revision } = study;
  for (const pacs of await targets(context, study)) {
    const key = { studyId, modelId: model.id, revision, pacs };
    const uids = reportUids(study, model, revision);
    const rows = Object.values(ReportKind).map((kind) => ({ ...key, kind, sopInstanceUid: uids[kind] }));
    await tx.report.createMany({ data: rows, skipDuplicates: true });
    if ((await tx.report.count({ where: { ...key, storedAt: null } })) === 0) continue;
    const id = randomUUID();
    if (await queue.sendWriteBack(tx, id, key)) await tx.job.create({ data: { id, kind: WRITE_BACK, studyId } });
  }
}

async function targets(context: Context, study: Study): Promise<Set<string>> {
  const { archives, config } = context;
  const ruled = ruleFor(config.rules, await describeStudy(context, study))?.rule.writeBack ?? [];
  const [first] = archives.keys();
  const own = study.pacs !== null && archives.has(study.pacs) ? study.pacs : first;
  return new Set([...ruled, ...(config.writeBack && own !== undefined ? [own] : [])]);
}

/** A failure that nobody foresaw is not tried for a day. */
const MOST_ATTEMPTS_UNKNOWN = 6;

/** What the queue calls. Keeps the job's row in step. */
export function writeBackHandlers(context: Context): WriteBackHandlers {
  const { prisma, log } = context;
  const update = (id: string, data: Prisma.JobUpdateManyMutationInput) =>
    prisma.job.updateMany({ where: { id }, data });
  return {
    run: async ({ jobId, attempt, ...job }, signal) => {
      await update(jobId, { status: 'RUNNING', attempts: attempt, startedAt: new Date(), error: null });
      try {
        await writeBack(context, job, signal);
        await update(jobId, { status: 'SUCCEEDED', progress: 1, finishedAt: new Date() });
      } catch (error) {
        const known = asKnown(error);
        const message = known?.message ?? 'Internal error; the log of this time says more.';
        log.warn(
          { jobId, attempt, ...(known ? { code: known.code } : { err: error }) },
          'An answer was not written back.',
        );
        await prisma.report.updateMany({ where: { ...job, storedAt: null }, data: { error: message } });
        const hopeless = known ? !known.retryable : attempt >= MOST_ATTEMPTS_UNKNOWN;
        if (hopeless) return void (await update(jobId, { status: 'FAILED', error: message, finishedAt: new Date() }));
        await update(jobId, { status: 'QUEUED', error: message });
        throw error; // the queue tries again later
      }
    },
    giveUp: async ({ jobId }) => {
      const job = await prisma.job.findUnique({ where: { id: jobId } });
      const error = job?.error ?? 'The process that worked on it ended too often.';
      await update(jobId, { status: 'FAILED', error, finishedAt: new Date() });
    },
  };
}
