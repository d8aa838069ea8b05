import { Arg, Ctx, ID, Resolver, Root, Subscription } from 'type-graphql';
import { JobNotFound, StudyNotFound } from '../errors/errors.js';
import type { Job as JobRow, Study as StudyRow } from '../generated/prisma/client.js';
import type { Change, ChangeHub, Followed } from '../notifications/changes.js';
import { badInput } from '../schema/connection.js';
import { Job } from '../schema/job.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Study } from '../schema/study.js';
import { openRequest, type Request } from './request.js';

/** The request of a subscription, which lasts until it ends. */
export type SubscriptionRequest = Request & { changes: ChangeHub };

@Resolver()
export class UpdatesResolver {
  @Subscription(() => Study, {
    description:
      'The latest state of a study whenever it is received, queued, classified or written back, or fails. With a UID, its present state comes first.',
    subscribe: followStudies,
  })
  async studyUpdated(
    @Root() change: Change | undefined,
    @Arg('studyInstanceUid', () => DicomUidScalar, {
      nullable: true,
      description: 'StudyInstanceUID of a study, which need not be here yet. By default all studies.',
    })
    _uid: string | null,
    @Ctx() request: SubscriptionRequest,
  ): Promise<StudyRow> {
    const study = await request.context.prisma.study.findUnique({ where: { id: startEvent(request, change).id } });
    if (!study) throw new StudyNotFound('The study is no longer here.');
    return study;
  }

  @Subscription(() => Job, {
    description:
      'The latest state of a job whenever its status or progress changes. With an id, its present state comes first.',
    subscribe: followJobs,
  })
  async jobUpdated(
    @Root() change: Change | undefined,
    @Arg('id', () => ID, { nullable: true, description: 'Id of a job. By default all jobs.' }) _id: string | null,
    @Ctx() request: SubscriptionRequest,
  ): Promise<JobRow> {
    return requireJob(request, startEvent(request, change).id);
  }
}

/** Gives each event new loaders, which would otherwise answer with the rows of the event before. */
function startEvent(request: SubscriptionRequest, change: Change | undefined): Change {
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

type SubscriptionStart = {
  args: { studyInstanceUid?: string | null; id?: string | null };
  context: SubscriptionRequest;
};

/** Follows changes before it reads the present state, so that it misses no change between. */
async function followStudies({
  args,
  context: { changes, context },
}: SubscriptionStart): Promise<AsyncIterable<Change>> {
  const uid = args.studyInstanceUid ?? undefined;
  const followed = changes.follow(
    (change) => change.kind === 'STUDY' && (uid === undefined || change.studyInstanceUid === uid),
  );
  if (uid === undefined) return followed;
  return withPresentState(followed, async () => {
    const study = await context.prisma.study.findUnique({ where: { studyInstanceUid: uid }, select: { id: true } });
    if (study) followed.put({ kind: 'STUDY', id: study.id, studyInstanceUid: uid });
  });
}

async function followJobs({ args, context }: SubscriptionStart): Promise<AsyncIterable<Change>> {
  const id = args.id ?? undefined;
  const followed = context.changes.follow((change) => change.kind === 'JOB' && (id === undefined || change.id === id));
  if (id === undefined) return followed;
  return withPresentState(followed, async () => followed.put({ kind: 'JOB', id: (await requireJob(context, id)).id }));
}

/** @param followed is ended if the present state cannot be read. */
async function withPresentState(followed: Followed, putPresentState: () => Promise<void>): Promise<Followed> {
  try {
    await putPresentState();
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
