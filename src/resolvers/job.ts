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
import { retryJob } from '../retryJob.js';
import { PageArgs, pageOf, pageSize, readCursor } from '../schema/connection.js';
import { Job, JobConnection, JobFilter } from '../schema/job.js';
import { Study } from '../schema/study.js';
import type { Request } from './request.js';

const JOBS_PER_PAGE = 50;
const MOST_PER_PAGE = 500;

@InputType()
class RetryJobInput {
  @Field(() => ID, { description: 'Of a job that is FAILED.' })
  jobId!: string;
}

@ObjectType()
class RetryJobPayload {
  @Field(() => Job)
  job!: JobRow;
}

@Resolver(() => Job)
export class JobResolver {
  @Query(() => JobConnection, { description: 'The latest first.' })
  async jobs(
    @Args() { first, after }: PageArgs,
    @Arg('filter', () => JobFilter, { nullable: true }) filter: JobFilter | null,
    @Ctx() { program }: Request,
  ) {
    const size = pageSize(first, JOBS_PER_PAGE, MOST_PER_PAGE);
    const rows = await program.prisma.job.findMany({
      where: { AND: [fits(filter ?? {}), after ? behind(after) : {}] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: size + 1,
    });
    return pageOf(rows, size, after, (row) => [row.createdAt.toISOString(), row.id]);
  }

  @Mutation(() => RetryJobPayload, {
    description:
      'Queues a failed job again, under its id, with its priority. JOB_NOT_FAILED, STUDY_BUSY or JOB_FORGOTTEN say why not.',
  })
  async retryJob(
    @Arg('input', () => RetryJobInput) { jobId }: RetryJobInput,
    @Ctx() { program }: Request,
  ): Promise<RetryJobPayload> {
    return { job: await retryJob(program, jobId) };
  }

  @FieldResolver(() => Study, { nullable: true })
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

/** Keyset, not offset: a page stays where it was while new jobs come. */
function behind(cursor: string): Prisma.JobWhereInput {
  const [time, id] = readCursor(cursor, ['date', 'string']) as [string, string];
  const createdAt = new Date(time);
  return { createdAt: { lte: createdAt }, OR: [{ createdAt: { lt: createdAt } }, { id: { lt: id } }] };
}
