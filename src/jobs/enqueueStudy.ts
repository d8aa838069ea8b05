import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { DatabaseUnavailable, MrimasterError, PacsWrongStudy, StudyBusy, StudyNotFound } from '../errors/errors.js';
import type { Job, Prisma } from '../generated/prisma/client.js';
import { requireArchive } from '../pacs/requireArchive.js';
import { type Priority } from '../queue/priority.js';
import { CLASSIFY_STUDY, type StudyJob } from '../queue/studyQueue.js';

/** `pacs`: the archive to pull from first; undefined: the study is pulled only where it is not here. */
export type EnqueueStudy = {
  studyInstanceUid: string;
  pacs?: string | undefined;
  force?: boolean;
  priority?: Priority;
};

/** A study's job that waits or runs. */
export const LIVE = { kind: CLASSIFY_STUDY, status: { in: ['QUEUED', 'RUNNING'] } } satisfies Prisma.JobWhereInput;

/**
 * Queues a study to be classified, in the transaction that marks it QUEUED. Where a job for the study waits or runs
 * already, that job is returned; while it waits it takes over a higher priority, and `force`.
 * @throws StudyBusy where `force` is asked of a running job; StudyNotFound where neither we nor the archive has the
 *   study; PacsNotConfigured for an archive that the settings do not name. An archive that does not answer is not an
 *   error here: the job waits for it.
 */
export async function enqueueStudy(context: Context, request: EnqueueStudy): Promise<Job> {
  const { prisma, queue } = context;
  const { studyInstanceUid, force = false, priority = 'ROUTINE' } = request;
  const pacs = await whereToPull(context, request);
  const enqueue = async (tx: Prisma.TransactionClient): Promise<Job | null> => {
    const study = await tx.study.upsert({
      where: { studyInstanceUid },
      create: { studyInstanceUid, modalities: [], pacs, status: 'QUEUED' },
      update: {},
    });
    const sent = await sendStudyJob(context, tx, study.id, { studyInstanceUid, pacs, force }, priority);
    if (sent) return sent;
    const job = await tx.job.findFirst({ where: { studyId: study.id, ...LIVE }, orderBy: { createdAt: 'desc' } });
    if (job && !(await queue.studies.raise(tx, job.id, force, priority)))
      throw new StudyBusy('The study is being classified. Ask to do so by force when that job has ended.');
    return job;
  };
  // A job that has just ended keeps its place in the queue for a moment longer than its row says.
  for (let attempt = 0; attempt < 50; attempt++) {
    const job = await prisma.$transaction(enqueue);
    if (job) return job;
    await sleep(100);
  }
  throw new DatabaseUnavailable('The queue does not take the study at the moment. Try again shortly.');
}

/**
 * Queues a study's job and marks the study QUEUED, within the caller's transaction.
 * @returns null where the study has a job that waits or runs already.
 */
export async function sendStudyJob(
  { queue, tracing }: Context,
  tx: Prisma.TransactionClient,
  studyId: string,
  job: StudyJob,
  priority: Priority,
): Promise<Job | null> {
  const id = randomUUID();
  if (!(await queue.studies.send(tx, id, { ...job, traceparent: tracing.traceparent() }, priority))) return null;
  await tx.study.update({ where: { id: studyId }, data: { status: 'QUEUED', failureCode: null } });
  return tx.job.create({ data: { id, kind: CLASSIFY_STUDY, studyId } });
}

/**
 * Queues studies that were being classified outside of the queue (`mrimaster import`) when their process ended.
 * @param which ALL: for the start of a server. UNCLAIMED: only studies whose process has died since it claimed them.
 * @returns the number of studies.
 */
export async function resumeAbandoned(context: Context, which: 'ALL' | 'UNCLAIMED' = 'ALL'): Promise<number> {
  const { prisma } = context;
  const abandoned = await prisma.study.findMany({
    where: {
      status: { in: ['QUEUED', 'CLASSIFYING'] },
      series: { some: {} },
      jobs: { none: LIVE },
      ...(which === 'UNCLAIMED' && { classifyingUntil: { not: null } }),
    },
    select: { id: true, studyInstanceUid: true },
  });
  let resumed = 0;
  for (const { id, studyInstanceUid } of abandoned) {
    // By the clock of the database. A process that still claims the study goes on with it.
    const free = await prisma.$executeRaw`
      UPDATE "Study" SET "classifyingUntil" = NULL
      WHERE "id" = ${id} AND coalesce("classifyingUntil", '-infinity') < clock_timestamp()`;
    if (free === 0) continue;
    await enqueueStudy(context, { studyInstanceUid, priority: 'BACKLOG' });
    resumed++;
  }
  return resumed;
}

/** The archive to pull from first; null where the study is here, or came by itself. */
async function whereToPull(context: Context, request: EnqueueStudy): Promise<string | null> {
  const { prisma, archives } = context;
  const { studyInstanceUid } = request;
  if (request.pacs !== undefined) requireArchive(context, request.pacs);
  const study = await prisma.study.findUnique({ where: { studyInstanceUid }, include: { series: { take: 1 } } });
  const source = study?.pacs && archives.has(study.pacs) ? study.pacs : undefined;
  const brokenOff = source !== undefined && study?.completenessState === 'INCOMPLETE';
  if (study && study.series.length > 0 && !brokenOff) return request.pacs ?? null;
  if (archives.size === 0)
    throw new StudyNotFound(
      `Study ${studyInstanceUid} is not here, and no archive is configured. Import it, or set PACS_URL.`,
    );
  const candidates = [request.pacs ?? source ?? [...archives.keys()]].flat();
  return findInArchives(context, studyInstanceUid, candidates);
}

/**
 * The first archive that has the study. Where none has it and one does not answer, that one: the job waits for it.
 */
async function findInArchives(
  { archives }: Context,
  studyInstanceUid: string,
  names: readonly string[],
): Promise<string> {
  let silent: string | undefined;
  for (const name of names) {
    try {
      const found = await archives.get(name)?.searchForStudies({ studyInstanceUid });
      if (found?.length) return name;
    } catch (error) {
      // An archive that answers with another study is asked once more by the job, which then says so.
      const maybe = error instanceof PacsWrongStudy || (error instanceof MrimasterError && error.retryable);
      if (!maybe) throw error;
      silent ??= name;
    }
  }
  if (silent !== undefined) return silent;
  throw new StudyNotFound(`Neither MRIMaster nor the archive has study ${studyInstanceUid}. Check the UID.`);
}
