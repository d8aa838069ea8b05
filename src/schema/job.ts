import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { Job as JobRow } from '../generated/prisma/client.js';
import { connectionOf } from './connection.js';
import { JobStatus } from './enums.js';
import { Node } from './node.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';

@ObjectType({ implements: Node, description: 'A piece of durable work.' })
export class Job implements JobRow {
  @Field(() => ID, { description: 'Global, opaque id. The work has the same id in the queue.' })
  id!: string;

  @Field({ description: 'Name of the work, such as "classify-study".' })
  kind!: string;

  studyId!: string | null;

  @Field(() => JobStatus, { description: 'The stage that the job has reached.' })
  status!: JobStatus;

  @Field(() => Int, { description: 'Number of attempts that were begun.' })
  attempts!: number;

  @Field(() => Float, { description: 'Share of the work that is done, 0–1.' })
  progress!: number;

  error!: string | null;

  @Field(() => DateTimeScalar, { description: 'When the job was first queued.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the last attempt began. Null if there was none.',
  })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the job succeeded or finally failed. Null before that.',
  })
  finishedAt!: Date | null;
}

@ObjectType({ description: 'A page of jobs.' })
export class JobConnection extends connectionOf(() => Job, 'Job') {}

@InputType({ description: 'Conditions that a job must all meet.' })
export class JobFilter {
  @Field(() => [JobStatus], {
    nullable: true,
    description: 'Statuses; the job has one of them. FAILED jobs are not tried again by themselves.',
  })
  status?: JobStatus[] | null;

  @Field(() => String, { nullable: true, description: 'Name of the work, such as "classify-study".' })
  kind?: string | null;

  @Field(() => DicomUidScalar, { nullable: true, description: "StudyInstanceUID of the job's study." })
  studyInstanceUid?: string | null;
}
