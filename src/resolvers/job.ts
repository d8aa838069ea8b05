import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { Job as JobRow, Prisma } from '../generated/prisma/client.js';
import { retryJob } from '../jobs/retryJob.js';
import { PageArgs } from '../schema/connection.js';
import { JobOrder } from '../schema/filters.js';
import { Job, JobConnection, JobFilter } from '../schema/job.js';
import { type Order, pageBy } from '../schema/keyset.js';
import { Study } from '../schema/study.js';
import { type Request, shownTo } from './request.js';

const JOBS_PER_PAGE = 50;
const MOST_PER_PAGE = 500;

@InputType({ description: 'Which job to queue again.' })
class RetryJobInput {
  @Field(() => ID, { description: 'Of a job that is FAILED.' })
  jobId!: string;
}

@ObjectType({ description: 'The job that waits again.' })
class RetryJobPayload {
  @Field(() => Job, { description: 'The job, queued again.' })
  job!: JobRow;
}

@Resolver(() => Job)
export class JobResolver {
  @Query(() => JobConnection, { description: 'By default the latest first.' })
  async jobs(
    @Args() args: PageArgs,
    @Arg('filter', () => JobFilter, { nullable: true, description: 'By default all.' }) filter: JobFilter | null,
    @Arg('orderBy', () => JobOrder, { nullable: true, description: 'By default the latest first.' })
    orderBy: JobOrder | null,
    @Ctx() { context }: Request,
  ) {
    const column = orderBy?.field ?? 'createdAt';
    const direction = orderBy?.direction === 'ASC' ? 'asc' : 'desc';
    const order: Order<JobRow> = { list: 'jobs', column, kind: 'date', direction, nullable: column === 'finishedAt' };
    const page = pageBy(args, order, JOBS_PER_PAGE, MOST_PER_PAGE);
    const { where, ...rest } = page.keyset;
    return page.show(await context.prisma.job.findMany({ where: { AND: [fits(filter ?? {}), where] }, ...rest }));
  }

  @Mutation(() => RetryJobPayload, {
    description:
      'Queues a failed job again, under its id, with its priority. JOB_NOT_FAILED, STUDY_BUSY or JOB_FORGOTTEN say why not.',
  })
  async retryJob(
    @Arg('input', () => RetryJobInput, { description: 'What to do, and to what.' }) { jobId }: RetryJobInput,
    @Ctx() { context }: Request,
  ): Promise<RetryJobPayload> {
    return { job: await retryJob(context, jobId) };
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Why the last attempt did not succeed; where an archive is only for callers who may operate.',
  })
  error(@Root() { error }: JobRow, @Ctx() request: Request): string | null {
    return error === null ? null : shownTo(request, error);
  }

  @FieldResolver(() => Study, { nullable: true, description: 'What it is about; null for work on no study.' })
  study(@Root() { studyId }: JobRow, @Ctx() { loaders }: Request) {
    return studyId === null ? null : loaders.study.load(studyId);
  }
}

function fits({ kind, status, studyInstanceUid }: JobFilter): Prisma.JobWhereInput {
  return {
    ...(status && { status: { in: status } }),
    ...(kind && { kind }),
    ...(studyInstanceUid && { study: { studyInstanceUid } }),
  };
}
