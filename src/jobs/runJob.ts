import type { Context } from '../context.js';
import { asKnown, asLogged } from '../errors/asKnown.js';
import { type MrimasterError, NotFit } from '../errors/errors.js';
import { type JobAttempt, observeJob } from '../telemetry/observeJob.js';

/** Attempts at a job that fails for a reason that was not foreseen. Foreseen ones are tried for a day. */
const MOST_ATTEMPTS_UNKNOWN = 6;

/** `about`: what the log may name besides the job: no value of a patient, and no UID of a study. */
type JobWords = { words: { done: string; failed: string }; about?: Record<string, string> };

/**
 * Makes one attempt at a job, and keeps its row, which clients see, in step.
 * @param words what the log says of an attempt that ended well, and of one that failed. `about`: what it then names.
 * @param end makes the job FAILED for good.
 * @param onFailure called for each attempt that failed, before the job is tried again or ended.
 * @throws what failed, where the queue is to try again later.
 */
export async function runJob(
  context: Context,
  { words, about, ...job }: JobAttempt & JobWords,
  work: () => Promise<void>,
  end: (message: string, known: MrimasterError | undefined) => Promise<void>,
  onFailure: (message: string) => Promise<unknown> = async () => {},
): Promise<void> {
  const { prisma, log } = context;
  const { jobId, attempt } = job;
  await requireFitness(context);
  const where = { id: jobId };
  const started = { status: 'RUNNING' as const, attempts: attempt, startedAt: new Date(), error: null };
  await prisma.job.updateMany({ where, data: started });
  try {
    const began = performance.now();
    await observeJob(context, job, work);
    await prisma.job.updateMany({ where, data: { status: 'SUCCEEDED', progress: 1, finishedAt: new Date() } });
    log.info({ jobId, attempt, ...about, ms: Math.round(performance.now() - began) }, words.done);
  } catch (error) {
    const known = asKnown(error);
    const message = known?.message ?? 'Internal error; the log of this time says more.';
    log.warn({ jobId, attempt, ...about, ...asLogged(error) }, words.failed);
    await onFailure(message);
    const hopeless = known ? !known.retryable : attempt >= MOST_ATTEMPTS_UNKNOWN;
    if (hopeless) return end(message, known);
    await prisma.job.updateMany({ where, data: { status: 'QUEUED', error: message } });
    throw error;
  }
}

/** Checks, before a job begins, that this process can do it. @throws NotFit, so that the job goes back to the queue. */
export async function requireFitness({ readiness }: Context): Promise<void> {
  const missing = await readiness.missingForJobs();
  if (missing) throw new NotFit(missing.message);
}

/** Why a job that the queue gave up was not done: the error of its last attempt, if that came to an end. */
export async function lastError({ prisma }: Context, jobId: string): Promise<string> {
  const job = await prisma.job.findUnique({ where: { id: jobId } });
  return job?.error ?? 'The process that worked on it ended too often.';
}
