import type { Metrics } from './metrics.js';
import { timed } from './outcome.js';
import type { Tracing } from './tracing.js';

/** One attempt at a job. `attempt` counts from 1. `traceparent`: the span of the caller that queued the job. */
export type JobAttempt = { kind: string; jobId: string; attempt: number; traceparent?: string | undefined };

/** Runs one attempt at a job in a span of its own, and counts how it ended. */
export function observeJob(
  { metrics, tracing }: { metrics: Metrics; tracing: Tracing },
  { kind, jobId, attempt, traceparent }: JobAttempt,
  work: () => Promise<void>,
): Promise<void> {
  const attributes = { 'mrimaster.job.id': jobId, 'mrimaster.job.attempt': attempt };
  const count = (outcome: string) => metrics.jobAttempts.inc({ kind, outcome });
  return tracing.span(`job ${kind}`, attributes, () => timed(work, count), traceparent);
}
