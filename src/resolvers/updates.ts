import { Arg, Ctx, ID, Resolver, Root, Subscription } from 'type-graphql';
import { JobNotFound, StudyNotFound } from '../errors/errors.js';
import type { Job as JobRow, Study as StudyRow } from '../generated/prisma/client.js';
import type { Change, Changes, Followed } from '../notifications/changes.js';
import { badInput } from '../schema/connection.js';
import { Job } from '../schema/job.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Study } from '../schema/study.js';
import { openRequest, type Request } from './request.js';

/** A request that goes on: over a WebSocket. */
export type SubscriptionRequest = Request & { changes: Changes };

@Resolver()
export class UpdatesResolver {
  @Subscription(() => Study, {
    description:
      'A study whenever it is received, queued, classified, written back or has failed, in its latest state; with a UID, its state now first.',
    subscribe: followStudies,
  })
  async studyUpdated(
    @Root() change: Change | undefined,
    @Arg('studyInstanceUid', () => DicomUidScalar, {
      nullable: true,
      description: 'By default any; it need not be here yet.',
    })
    _uid: string | null,
    @Ctx() request: SubscriptionRequest,
  ): Promise<StudyRow> {
    const study = await request.context.prisma.study.findUnique({ where: { id: begin(request, change).id } });
    if (!study) throw new StudyNotFound('The study is here no longer.');
    return study;
  }

  @Subscription(() => Job, {
    description: 'A job whenever its status or progress changes, in its latest state; with an id, its state now first.',
    subscribe: followJobs,
  })
  async jobUpdated(
    @Root() change: Change | undefined,
    @Arg('id', () => ID, { nullable: true, description: 'By default any.' }) _id: string | null,
    @Ctx() request: SubscriptionRequest,
  ): Promise<JobRow> {
    return requireJob(request, begin(request, change).id);
  }
}

/** Each event is answered from the database anew: loaders would remember the rows of the one before. */
function begin(request: SubscriptionRequest, change: Change | undefined): Change {
  if (!change) throw badInput('Subscriptions are answered over a WebSocket at this address (graphql-transport-ws).');
  const { explanations, loaders, missingPrediction } = openRequest(
    request.context,
    request.caller,
    request.address,
    request.requestId,
  );
  Object.assign(request, { explanations, loaders, missingPrediction });
  request.accesses.clear();
  return change;
}

type Following = { args: { studyInstanceUid?: string | null; id?: string | null }; context: SubscriptionRequest };

/** Followed before it is looked up, so that no change is missed between. */
async function followStudies({ args, context: { changes, context } }: Following): Promise<AsyncIterable<Change>> {
  const uid = args.studyInstanceUid ?? undefined;
  const followed = changes.follow(
    (change) => change.kind === 'STUDY' && (uid === undefined || change.studyInstanceUid === uid),
  );
  if (uid === undefined) return followed;
  return begun(followed, async () => {
    const study = await context.prisma.study.findUnique({ where: { studyInstanceUid: uid }, select: { id: true } });
    if (study) followed.put({ kind: 'STUDY', id: study.id, studyInstanceUid: uid });
  });
}

async function followJobs({ args, context }: Following): Promise<AsyncIterable<Change>> {
  const id = args.id ?? undefined;
  const followed = context.changes.follow((change) => change.kind === 'JOB' && (id === undefined || change.id === id));
  if (id === undefined) return followed;
  return begun(followed, async () => followed.put({ kind: 'JOB', id: (await requireJob(context, id)).id }));
}

async function begun(followed: Followed, tellNow: () => Promise<void>): Promise<Followed> {
  try {
    await tellNow();
    return followed;
  } catch (error) {
    await followed.return();
    throw error;
  }
}

async function requireJob({ context }: Request, id: string): Promise<JobRow> {
  const job = await context.prisma.job.findUnique({ where: { id } });
  if (job) return job;
  throw new JobNotFound(`There is no job ${id}. Take an id from jobs.`);
}
