/** `traceparent`: the trace that a job goes on in, as in W3C Trace Context; see telemetry/tracing.ts. */
export type Traced = { traceparent?: string | undefined };

/** A job's payload. `jobId` stands in it, because a job that is given up gets a new id in its dead-letter queue. */
export type Payload<Work> = Work & Traced & { jobId: string };

/** What the queue calls for jobs of one kind. */
export type Handlers<Work> = {
  /** `attempt`: from 1. `signal` is aborted when this process is asked to stop. */
  run(job: Payload<Work> & { attempt: number }, signal: AbortSignal): Promise<void>;
  /** Called once when a job will not be tried again. */
  giveUp(job: Payload<Work>): Promise<void>;
};
