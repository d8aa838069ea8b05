import type { Context } from '../context.js';
import { lastError, runJob } from '../jobs/runJob.js';
import { WRITE_BACK, type WriteBackHandlers } from '../queue/writeBackQueue.js';
import { timed } from '../telemetry/outcome.js';
import { writeBack } from './writeBack.js';

/** What the queue calls for write-backs. */
export function writeBackHandlers(context: Context): WriteBackHandlers {
  const { metrics, prisma } = context;
  const fail = async (jobId: string, message: string) => {
    const ended = { status: 'FAILED' as const, error: message, finishedAt: new Date() };
    await prisma.job.updateMany({ where: { id: jobId }, data: ended });
  };
  return {
    run: ({ jobId, attempt, traceparent, ...job }, signal) =>
      runJob(
        context,
        {
          kind: WRITE_BACK,
          jobId,
          attempt,
          traceparent,
          words: { done: 'An answer was written back.', failed: 'An answer was not written back.' },
          about: { pacs: job.pacs },
        },
        () =>
          timed(
            () => writeBack(context, job, signal),
            (outcome) => metrics.writeBacks.inc({ archive: job.pacs, outcome }),
          ),
        (message) => fail(jobId, message),
        (message) => prisma.report.updateMany({ where: { ...job, storedAt: null }, data: { error: message } }),
      ),
    giveUp: async ({ jobId }) => fail(jobId, await lastError(context, jobId)),
  };
}
