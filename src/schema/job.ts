import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { Job as JobRow } from '../generated/prisma/client.js';
import { connectionOf } from './connection.js';
import { JobStatus } from './enums.js';
import { Node } from './node.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';

@ObjectType({ implements: Node, description: 'A piece of durable work.' })
export class Job implements JobRow {
  @Field(() => ID, { description: 'Global and opaque; also the id of the work in the queue.' })
  id!: string;

  @Field({ description: 'What it does, such as "classify-study".' })
  kind!: string;

  studyId!: string | null;

  @Field(() => JobStatus, { description: 'How far it has come.' })
  status!: JobStatus;

  @Field(() => Int, { description: 'How often it was begun.' })
  attempts!: number;

  @Field(() => Float, { description: '0–1' })
  progress!: number;

  error!: string | null;

  @Field(() => DateTimeScalar, { description: 'When it was queued first.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the last attempt began; null while there was none.',
  })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ended, well or for good; null before.' })
  finishedAt!: Date | null;
}

@ObjectType({ description: 'A page of jobs.' })
export class JobConnection extends connectionOf(() => Job, 'Job') {}

@InputType({ description: 'Which jobs; all that is given must fit.' })
export class JobFilter {
  @Field(() => [JobStatus], { nullable: true, description: 'One of these. FAILED: those that nobody tries again.' })
  status?: JobStatus[] | null;

  @Field(() => String, { nullable: true, description: 'Such as "classify-study".' })
  kind?: string | null;

  @Field(() => DicomUidScalar, { nullable: true, description: 'Those of this study.' })
  studyInstanceUid?: string | null;
}
