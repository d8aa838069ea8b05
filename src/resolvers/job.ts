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

@InputType({ description: 'The job to queue again.' })
class RetryJobInput {
  @Field(() => ID, { description: 'Id of a job that is FAILED.' })
  jobId!: string;
}

@ObjectType({ description: 'The job that was queued again.' })
class RetryJobPayload {
  @Field(() => Job, { description: 'The job, which waits again.' })
  job!: JobRow;
}

@Resolver(() => Job)
export class JobResolver {
  @Query(() => JobConnection, { description: 'Jobs, by default the latest first.' })
  async jobs(
    @Args() args: PageArgs,
    @Arg('filter', () => JobFilter, {
      nullable: true,
      description: 'Conditions that the jobs must meet. By default all jobs.',
    })
    filter: JobFilter | null,
    @Arg('orderBy', () => JobOrder, { nullable: true, description: 'Order of the jobs. By default the latest first.' })
    orderBy: JobOrder | null,
    @Ctx() { context }: Request,
  ) {
    const column = orderBy?.field ?? 'createdAt';
    const direction = orderBy?.direction === 'ASC' ? 'asc' : 'desc';
    const order: Order<JobRow> = { list: 'jobs', column, kind: 'date', direction, nullable: column === 'finishedAt' };
    const page = pageBy(args, order, JOBS_PER_PAGE, MOST_PER_PAGE);
    const { where, ...rest } = page.keyset;
    return page.show(await context.prisma.job.findMany({ where: { AND: [whereJobs(filter ?? {}), where] }, ...rest }));
  }

  @Mutation(() => RetryJobPayload, {
    description:
      'Queues a failed job again with the same id and priority. Fails with JOB_NOT_FAILED, STUDY_BUSY or JOB_FORGOTTEN.',
  })
  async retryJob(
    @Arg('input', () => RetryJobInput, { description: 'The job to queue again.' }) { jobId }: RetryJobInput,
    @Ctx() { context }: Request,
  ): Promise<RetryJobPayload> {
    return { job: await retryJob(context, jobId) };
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Why the last attempt did not succeed. Callers without the right "operate" do not see the address of an archive. Null without an error.',
  })
  error(@Root() { error }: JobRow, @Ctx() request: Request): string | null {
    return error === null ? null : shownTo(request, error);
  }

  @FieldResolver(() => Study, {
    nullable: true,
    description: 'The study that the job is about. Null for a job without one.',
  })
  study(@Root() { studyId }: JobRow, @Ctx() { loaders }: Request) {
    return studyId === null ? null : loaders.study.load(studyId);
  }
}

function whereJobs({ kind, status, studyInstanceUid }: JobFilter): Prisma.JobWhereInput {
  return {
    ...(status && { status: { in: status } }),
    ...(kind && { kind }),
    ...(studyInstanceUid && { study: { studyInstanceUid } }),
  };
}
