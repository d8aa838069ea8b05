import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateScalar } from './scalars.js';
import { LabelCount } from './study.js';

@ObjectType({ description: 'Counts of one day in UTC.' })
export class DayCount {
  @Field(() => DateScalar, { description: 'The day in UTC.' })
  day!: string;

  @Field(() => Int, { description: 'Number of studies that arrived.' })
  studies!: number;

  @Field(() => Int, { description: 'Number of slices that the model classified or failed to read.' })
  slices!: number;
}

@ObjectType({
  description:
    'Counts of studies by the time of arrival, and of slices by the time of their latest prediction. Research use only – not for diagnostic use.',
})
export class Statistics {
  @Field(() => Int, { description: 'Number of studies that arrived, whatever their status.' })
  studies!: number;

  @Field(() => Int, { description: 'Number of these studies that are FAILED.' })
  failedStudies!: number;

  @Field(() => Int, { description: 'Number of slices that the model predicted, with those that it failed to read.' })
  slices!: number;

  @Field(() => [LabelCount], {
    description: 'Number of answers with each label, the commonest first. Abstentions and failures do not count.',
  })
  labels!: LabelCount[];

  @Field(() => [DayCount], {
    description: 'Counts of each day, the oldest first. Days without studies and slices are left out.',
  })
  perDay!: DayCount[];

  @Field(() => Float, {
    nullable: true,
    description:
      'Median seconds from receivedAt to the end of the first job that succeeded, or to the finding if no job is known. It is of the studies that arrived and have a finding by the model. Null if there is none.',
  })
  medianSecondsToResult!: number | null;

  @Field(() => Float, {
    description: 'Share of abstentions among the slices that could be read, 0–1. 0 if there are none.',
  })
  abstentionRate!: number;

  @Field(() => Float, { description: 'Share of slices that could not be read, 0–1. 0 if there are none.' })
  failureRate!: number;
}
