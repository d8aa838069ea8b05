import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Job as JobRow } from '../generated/prisma/client.js';
import { JobStatus } from './enums.js';
import { Node } from './node.js';
import { DateTimeScalar } from './scalars.js';

@ObjectType({ implements: Node, description: 'A piece of durable work.' })
export class Job implements JobRow {
  @Field(() => ID)
  id!: string;

  @Field({ description: 'What it does, such as "classify-study".' })
  kind!: string;

  studyId!: string | null;

  @Field(() => JobStatus)
  status!: JobStatus;

  @Field(() => Int, { description: 'How often it was begun.' })
  attempts!: number;

  @Field(() => Float, { description: '0–1' })
  progress!: number;

  @Field(() => String, { nullable: true, description: 'Why the last attempt did not succeed.' })
  error!: string | null;

  @Field(() => DateTimeScalar)
  createdAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true })
  finishedAt!: Date | null;
}
