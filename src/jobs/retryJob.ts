import type { Context } from '../context.js';
import { JobForgotten, JobNotFailed, JobNotFound, StudyBusy } from '../errors/errors.js';
import type { Job, Prisma } from '../generated/prisma/client.js';
import { DELIVER_WEBHOOK, type Delivery } from '../queue/deliveryQueue.js';
import { CLASSIFY_STUDY, type StudyJob } from '../queue/studyQueue.js';

/**
 * Queues a failed job again, under its id, with its payload and priority. So whoever follows the job sees it go on, and
 * the list of failed jobs shrinks. Its attempts are counted anew; its error stands until it runs.
 * @throws JobNotFound; JobNotFailed where it waits, runs or succeeded; StudyBusy where another job is at its study;
 *   JobForgotten where it failed so long ago that nobody knows what it was to do.
 */
export async function retryJob({ log, prisma, queue }: Context, jobId: string): Promise<Job> {
  const job = await prisma.$transaction(async (tx) => {
    const data = { status: 'QUEUED' as const, attempts: 0, progress: 0, startedAt: null, finishedAt: null };
    // The row stays locked until the end, so that the second of two callers finds it QUEUED.
    const { count } = await tx.job.updateMany({ where: { id: jobId, status: 'FAILED' }, data });
    const row = await tx.job.findUnique({ where: { id: jobId } });
    if (!row) throw new JobNotFound(`There is no job ${jobId}. Take an id from jobs.`);
    if (count === 0) throw new JobNotFailed(`Job ${jobId} is ${row.status}. Only a FAILED job can be retried.`);
    const resent = await queue.resend(tx, row.kind, jobId, await askedOf(tx, row));
    if (resent === 'BUSY')
      throw new StudyBusy('Another job is at the study of this one. Retry it when that has ended, if it must be.');
    if (resent === 'FORGOTTEN')
      throw new JobForgotten(`What job ${jobId} was to do is kept no longer. Ask for its work anew.`);
    if (row.kind === CLASSIFY_STUDY && row.studyId)
      await tx.study.update({ where: { id: row.studyId }, data: { status: 'QUEUED', failureCode: null } });
    return row;
  });
  log.info({ jobId, kind: job.kind }, 'A failed job was queued again.');
  return job;
}

/** The payload as far as rows tell it, for a job that the queue has forgotten; null where they do not. */
async function askedOf(tx: Prisma.TransactionClient, { id, kind, studyId }: Job): Promise<StudyJob | Delivery | null> {
  if (kind === DELIVER_WEBHOOK) return { jobId: id };
  if (kind !== CLASSIFY_STUDY || studyId === null) return null;
  const { pacs, series, studyInstanceUid } = await tx.study.findUniqueOrThrow({
    where: { id: studyId },
    include: { series: { take: 1 } },
  });
  return { studyInstanceUid, pacs: series.length > 0 ? null : pacs, force: false };
}
