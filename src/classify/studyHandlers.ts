import type { Context } from '../context.js';
import { LIVE } from '../jobs/enqueueStudy.js';
import { lastError, runJob } from '../jobs/runJob.js';
import { announceStudy } from '../notifications/announceStudy.js';
import { CLASSIFY_STUDY, type StudyHandlers } from '../queue/studyQueue.js';
import { classifyStudy } from './classifyStudy.js';

/** What the queue calls for studies. */
export function studyHandlers(context: Context): StudyHandlers {
  const { prisma } = context;

  async function fail(jobId: string, studyInstanceUid: string, code: string, message: string): Promise<void> {
    await prisma.$transaction(async (tx) => {
      const ended = { status: 'FAILED' as const, error: message, finishedAt: new Date() };
      await tx.job.updateMany({ where: { id: jobId }, data: ended });
      const newer = { none: { id: { not: jobId }, ...LIVE } };
      const study = await tx.study.findFirst({ where: { studyInstanceUid, jobs: newer } });
      if (!study) return; // a newer job has the word
      await tx.study.update({ where: { id: study.id }, data: { status: 'FAILED', failureCode: code } });
      await announceStudy(
        context,
        context.models.active,
        tx,
        study.id,
        `${jobId} ended at ${ended.finishedAt.getTime()}`,
      );
    });
  }

  return {
    run: ({ attempt, traceparent, ...job }, signal) => {
      const { jobId, studyInstanceUid } = job;
      const report = everyPercent((progress) => prisma.job.updateMany({ where: { id: jobId }, data: { progress } }));
      return runJob(
        context,
        {
          kind: CLASSIFY_STUDY,
          jobId,
          attempt,
          traceparent,
          words: { done: 'A study was worked off.', failed: 'A study was not finished.' },
        },
        async () => {
          await context.models.follow(); // another process may have activated one
          await classifyStudy(context, job, report, signal);
        },
        (message, known) => fail(jobId, studyInstanceUid, known?.code ?? 'INTERNAL_SERVER_ERROR', message),
      );
    },
    giveUp: async ({ jobId, studyInstanceUid }) =>
      fail(jobId, studyInstanceUid, 'GIVEN_UP', await lastError(context, jobId)),
  };
}

/**
 * Passes a fraction on when it has grown by a hundredth: the study of a thousand instances needs no thousand updates.
 */
function everyPercent(report: (fraction: number) => Promise<unknown>): (fraction: number) => Promise<void> {
  let last = 0;
  return async (fraction) => {
    if (fraction - last < 0.01) return;
    last = fraction;
    await report(fraction);
  };
}
